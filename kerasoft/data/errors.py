"""What can be wrong with data that the caller points at."""

import os

from kerasoft.errors import InvalidArgumentError


class DataError(InvalidArgumentError):
    """Data is there, and it is damaged or not what it should be; the message names the file."""


class DataNotFoundError(DataError):
    """No data in any of the places that were searched; the message says which, and what to do."""


class BadFile(Exception):
    """What a reader raises: it knows the file and the reason, `load` knows what the caller gave.

    Args:
        path: the file, or the part of it, such as `"x.npz (train_fine)"`.
        reason: what is wrong with it; made one line here, as it may quote another library.
        mend: what to do, where that is something else than getting an intact copy.
    """

    def __init__(self, path: str | os.PathLike[str], reason: object, mend: str | None = None):
        self.path = str(path)
        self.mend = mend
        self.reason = " ".join(str(reason).split())
        super().__init__(f"{self.path}: {self.reason}")
