"""Several files that appear together."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from kerasoft.files import replacing


def replace_files(folder: str | os.PathLike[str], contents: Mapping[str, bytes]) -> None:
    """Write `contents` (file name -> bytes) into `folder`, which is made where it is missing.

    Everything is first written beside its place and then moved there, the first name last, so
    that a reader never sees half a file and a failure while writing leaves all old files as they
    were.

    Raises:
        OSError: As the file system gives it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as moves:  # left in reverse order
        for name, data in contents.items():
            moves.enter_context(replacing(folder / name)).write_bytes(data)
