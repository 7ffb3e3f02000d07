"""Where CIFAR is looked for, in order, and what is said where it is not found.

1. `data_dir`, else `$KERASOFT_DATA_DIR`: where either is given, nowhere else.
2. The cache: what was last read from wherever.
3. Prepared by TFDS: `$TFDS_DATA_DIR`, else `~/tensorflow_datasets`.
4. Downloaded by Keras: `$KERAS_HOME/datasets`, else `~/.keras/datasets`.
5. A download through TFDS, where allowed and the server answers.

Something that is found and damaged is an error; it never makes the search go on.
"""

import os
from pathlib import Path

from kerasoft.data import canonical, entries, probe, raw, read_tfds, sources
from kerasoft.data.cache import cache_dir
from kerasoft.data.cifar import Spec
from kerasoft.data.entries import Content
from kerasoft.data.errors import BadFile, DataError, DataNotFoundError
from kerasoft.data.raw import RawParts
from kerasoft.data.sources import Source


def obtain(spec: Spec, data_dir: str | os.PathLike[str] | None, download: bool) -> Content:
    """Find the data set and give it whole, verified and in canonical order.

    Args:
        spec: which data set.
        data_dir: the only place to look at; `None` for the search above.
        download: whether the last resort is allowed.

    Raises:
        DataNotFoundError: it is nowhere, and cannot be downloaded.
        DataError: it is there, and it is damaged or not what it should be.
    """
    given = data_dir if data_dir is not None else os.environ.get("KERASOFT_DATA_DIR") or None
    try:
        return _search(spec, download) if given is None else _only_in(given, spec)
    except BadFile as error:
        mend = error.mend or f"Replace it with an intact copy of {spec.title}."
        raise _data_error(f"{error.path} {error.reason}. {mend}", given) from None
    except OSError as error:
        fault = f"{error.filename or given} cannot be read ({error.strerror or error})"
        raise _data_error(f"{fault}. Make it readable.", given) from None


def _only_in(given: str | os.PathLike[str], spec: Spec) -> Content:
    path = Path(os.path.expanduser(given))
    source = sources.find(path, spec)
    if source is None:
        what = "holds no" if path.exists() else "does not exist; it should hold"
        raise DataNotFoundError(
            f"{path} {what} {spec.title}. Accepted are {sources.accepted(spec)}: below it, or it "
            "is that itself.",
            data_dir=str(given),
        )
    return _content(source, spec)


def _search(spec: Spec, download: bool) -> Content:
    if content := entries.newest(spec):
        return content
    source = sources.find(_tfds_home(), spec) or sources.find_for_keras(_keras_home(), spec)
    return _content(source, spec) if source else _download(spec, download)


def _content(source: Source, spec: Spec) -> Content:
    signature = source.signature(spec)  # before reading: a change meanwhile must not be missed
    return entries.recall(signature, spec) or _keep(signature, source, source.read(spec), spec)


def _keep(signature: str, source: Source, parts: RawParts, spec: Spec) -> Content:
    raw.check(parts, spec)
    return entries.keep(signature, str(source), canonical.arrange(parts, spec), spec)


def _download(spec: Spec, allowed: bool) -> Content:
    if not allowed:
        raise _not_found(spec, "downloading is switched off")
    if reason := probe.why_unreachable(spec.archive.url):
        raise _not_found(spec, f"its server cannot be reached ({reason})")
    try:
        parts = read_tfds.download(_tfds_home(), spec)
    except BadFile as error:
        raise _not_found(spec, f"its download {error.reason}") from None
    source = sources.find(_tfds_home(), spec)
    if source is None:
        raise _not_found(spec, "its download left nothing")
    return _keep(source.signature(spec), source, parts, spec)


def _not_found(spec: Spec, reason: str) -> DataNotFoundError:
    places = ", ".join(str(path) for path in (cache_dir(), _tfds_home(), _keras_home()))
    return DataNotFoundError(
        f"No {spec.title} in {places}, and {reason}. Put {spec.archive.tar_name} into a folder "
        "and pass that as data_dir (--data-dir).",
        data_dir=None,
    )


def _data_error(message: str, given: object) -> DataError:
    return DataError(message, data_dir=None if given is None else str(given))


def _tfds_home() -> Path:
    return Path(os.path.expanduser(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"))


def _keras_home() -> Path:
    return Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"), "datasets")
