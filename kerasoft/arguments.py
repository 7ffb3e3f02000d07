"""A check that arguments all over the package need."""

from kerasoft.errors import InvalidArgumentError


def check_positive(**numbers: int) -> None:
    """Raises InvalidArgumentError unless all are positive integers (True is none)."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InvalidArgumentError(f"`{name}` must be a positive integer.", **{name: number})
