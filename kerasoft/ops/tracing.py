"""Whether what runs now is written down, to be run again with other numbers."""

from collections.abc import Iterator
from contextlib import contextmanager

_depth = 0  # of the whole process: PyTorch runs backward passes in threads of its own


@contextmanager
def written_down() -> Iterator[None]:
    """Within it nothing may be decided by values, and no random number may be a constant."""
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1


def is_written_down() -> bool:
    """Whether a caller is within `written_down`."""
    return _depth > 0
