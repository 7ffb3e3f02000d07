"""The one error that callers are expected to mend themselves."""


class InvalidArgumentError(ValueError):
    """Something the caller gave is not what is allowed there.

    The message is one line that names the argument, says what is allowed and ends with what came:

    >>> raise InvalidArgumentError("`temperature` must be positive.", temperature=-1.0)
    Traceback (most recent call last):
        ...
    kerasoft.errors.InvalidArgumentError: `temperature` must be positive. Received: temperature=-1.0

    The apps print it as that one line, without a traceback.
    """

    def __init__(self, message: str, /, **received: object):
        values = ", ".join(f"{name}={value!r}" for name, value in received.items())
        # Keras raises an error again with its message alone, which says it all already.
        super().__init__(f"{message} Received: {values}" if received else message)
