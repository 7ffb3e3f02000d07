"""Files that appear whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def replace_files(folder: str | os.PathLike[str], contents: Mapping[str, bytes]) -> None:
    """Write `contents` (file name -> bytes) into `folder`, which is made where it is missing.

    Everything is first written beside its place and then moved there in the given order, so that
    a reader never sees half a file and a failure while writing leaves all old files as they were.

    Raises:
        OSError: As the file system gives it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # In the same folder, because a move is atomic only within one file system.
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as staging:
        for name, data in contents.items():
            Path(staging, name).write_bytes(data)
        for name in contents:
            os.replace(Path(staging, name), folder / name)
