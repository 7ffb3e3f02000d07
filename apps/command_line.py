"""What the apps share before Keras is imported: options, the backend, one-line errors.

Keras reads its backend once, when it is first imported. So this module imports nothing that imports
it, and an app imports kerasoft after `choose_backend`.
"""

import argparse
import importlib.util
import json
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

from without_tensorflow import leave_tensorflow_out

T = TypeVar("T")

BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}  # backend: its package


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def parse_known_args(self, args=None, namespace=None):
        self._received = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        received = shlex.join(self._received) or "nothing"
        fail(f"{message} (--help lists the options). Received: {received}")


def fail(message: str, status: int = 2) -> NoReturn:
    print("error:", " ".join(message.split()), file=sys.stderr)
    raise SystemExit(status)


def refuse_beside(
    option: str, what: str, others: Collection[str], argv: Sequence[str] | None
) -> None:
    """Refuses options that an option which takes everything from a folder would leave unread."""
    words = list(sys.argv[1:] if argv is None else argv)
    for word in words:
        name = word.partition("=")[0]
        if name.startswith("--") and not any(one.startswith(name) for one in (option, *others)):
            fail(f"{option} takes {what}; leave {name} out. Received: {shlex.join(words)}")


def choose_backend(asked: str | None) -> str:
    """Settles Keras's backend: as asked, else as configured, else the first that is installed."""
    variable = os.environ.get("KERAS_BACKEND") or None
    option, named = ("--backend", asked) if asked is not None else ("KERAS_BACKEND", variable)
    if named is not None and named not in BACKENDS:
        fail(f"{option} must be one of {', '.join(BACKENDS)}. Received: {named!r}")
    configured = named or _configured_backend()
    if not _installed(configured):
        if named:
            fail(
                f'The {configured} backend is not installed; pip install -e ".[{configured}]" '
                f"adds it. Received: {configured}"
            )
        configured = next(filter(_installed, BACKENDS), None)
    if configured is None:
        fail('No backend is installed; pip install -e ".[jax]" adds one. Received: none')
    os.environ["KERAS_BACKEND"] = configured
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # 2 tells of every missing GPU as an error
    return configured


def _configured_backend() -> str:
    home = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    try:
        return json.loads(Path(home, "keras.json").read_text())["backend"]
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"


def _installed(backend: object) -> bool:
    return any(
        backend == name and importlib.util.find_spec(package) is not None
        for name, package in BACKENDS.items()
    )


def installed_backends() -> list[str]:
    return list(filter(_installed, BACKENDS))


def whole_number(least: int) -> Callable[[str], int]:
    """The type of an option that is an integer and not below `least`."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no integer from {least} up")
        return number

    return parse


def one_of(names: Collection[str]) -> Callable[[str], str]:
    """The type of an option, or of an entry of a list, that is one of these names."""

    def parse(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(names)}")
        return text

    return parse


def list_of(parse: Callable[[str], T]) -> Callable[[str], list[T]]:
    """The type of an option with several values, separated by commas; a value counts once."""
    return lambda text: list(dict.fromkeys(map(parse, text.split(","))))


def seeds(text: str) -> list[int]:
    """The type of `--seeds`: "3" is 0, 1, 2; with a comma it is a list: "7," is 7 alone."""
    if "," not in text:
        return list(range(whole_number(1)(text)))
    return list_of(whole_number(0))(text.removesuffix(","))


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns errors that the user can mend into one line and a non-zero exit."""
    try:
        with _without_notices():
            if os.environ.get("KERAS_BACKEND") != "tensorflow":
                leave_tensorflow_out()
            from kerasoft.errors import InvalidArgumentError

        try:
            yield
        except InvalidArgumentError as error:
            fail(str(error))
        except OSError as error:
            fail(f"{error.strerror or error}. Received: {error.filename}")
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        raise SystemExit(130) from None


@contextmanager
def _without_notices() -> Iterator[None]:
    """Holds back what TensorFlow 2.21 tells while it is loaded; no variable silences that."""
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            caught.seek(0)
            for line in caught.read().decode(errors="replace").splitlines():
                if not re.match(r"I\d{4} |WARNING: All log messages before absl", line):
                    print(line, file=sys.stderr)


def show_warnings_as_lines() -> None:
    """Warnings for people: the message once, not the place; none meant for developers."""
    import warnings

    shown = set()

    def show(message: Warning, category: type[Warning], *_: object) -> None:
        if not issubclass(category, DeprecationWarning) and str(message) not in shown:
            shown.add(str(message))
            print(f"warning: {message}", file=sys.stderr)

    warnings.showwarning = show
