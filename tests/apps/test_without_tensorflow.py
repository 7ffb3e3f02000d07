"""Apps on another backend do not load TensorFlow; each case in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import command_line
import keras
import pytest

LEFT_OUT = """
import importlib.util, sys
from without_tensorflow import leave_tensorflow_out
leave_tensorflow_out()
leave_tensorflow_out()
assert type(sys.meta_path[0]) is not type(sys.meta_path[1])
assert importlib.util.find_spec("tensorflow").name == "tensorflow"
assert importlib.util.find_spec("tensorflow_that_is_none") is None
for _ in range(2):
    try:
        import tensorflow
    except ImportError:
        continue
    raise AssertionError
assert "tensorflow" not in sys.modules
"""
SAVES = """
import sys, command_line
command_line.choose_backend(None)
with command_line.one_line_errors():
    import keras
    model = keras.Sequential([keras.Input((4,)), keras.layers.Rescaling(2.0)])
    model.save(sys.argv[1])
    keras.saving.load_model(sys.argv[1])
assert "tensorflow" not in sys.modules
"""


def python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=Path(command_line.__file__).parent,
        env=os.environ,
        capture_output=True,
        text=True,
    )


def test_it_is_there_and_cannot_be_imported():
    done = python(LEFT_OUT)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(keras.config.backend() == "tensorflow", reason="needs it")
def test_keras_saves_without_a_word(tmp_path):
    done = python(SAVES, str(tmp_path / "model.keras"))
    assert (done.returncode, done.stderr) == (0, "")
