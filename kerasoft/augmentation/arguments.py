"""What the options of several layers may be."""

from numbers import Real

from kerasoft.errors import InvalidArgumentError


def check_probability(value: float, name: str = "probability") -> float:
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InvalidArgumentError(f"`{name}` must be a number from 0 to 1.", **{name: value})
    return float(value)
