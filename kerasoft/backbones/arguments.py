"""What the sizes of a network may be."""

from kerasoft.errors import InvalidArgumentError


def check_sizes(**sizes: int) -> None:
    """Raises InvalidArgumentError unless all are positive integers."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise InvalidArgumentError(f"`{name}` must be a positive integer.", **{name: size})
