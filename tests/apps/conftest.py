"""The apps, as modules and as commands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "apps"), str(ROOT / "tests" / "training")]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path):
    """An app may set variables and works in a folder of its own."""
    for name in ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.setenv(name, os.environ[name])
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def command(tmp_path):
    """Runs `python apps/<name> <arguments>` for real."""

    def call(name, *arguments, **variables):
        return subprocess.run(
            [sys.executable, str(ROOT / "apps" / name), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, **variables},
            cwd=tmp_path,
        )

    return call


@pytest.fixture
def fails(capsys, tmp_path):
    """`fails(main, arguments)`: one line on stderr, a status, no new file; gives the line."""

    def call(main, *arguments):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        error = capsys.readouterr().err
        assert caught.value.code == 2
        assert error.startswith("error: ")
        assert "Received: " in error
        assert error.endswith("\n") and error.count("\n") == 1
        assert sorted(tmp_path.rglob("*")) == before
        return error

    return call
