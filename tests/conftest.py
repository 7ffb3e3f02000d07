"""One backend a process, with a home of its own and no way out.

    KERAS_BACKEND=torch pytest        # the default is Keras's: tensorflow

Nothing here may import Keras before the environment is set.
"""

import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples each time, however slow the machine: a test that fails then fails for what
# was changed. Others are searched with --hypothesis-profile=default.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")

BACKEND = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
_HOME = Path(tempfile.mkdtemp(prefix=f"kerasoft-tests-{BACKEND}-"))
os.environ["KERAS_HOME"] = str(_HOME / "keras")
os.environ["KERASOFT_CACHE_DIR"] = str(_HOME / "cache")
os.environ["TFDS_DATA_DIR"] = str(_HOME / "tfds")
os.environ.pop("KERASOFT_DATA_DIR", None)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if BACKEND == "torch":
    import torch  # noqa: F401  before TensorFlow: the other order can crash the process


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Every attempt to leave this machine fails at once."""

    def refuse(self, address, *_):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
            raise OSError(f"tests have no network: {address}")
        return connect(self, address)

    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True)
def _own_dtype_policy():
    """A test's dtype policy stays its own."""
    keras = sys.modules.get("keras")
    policy = keras.config.dtype_policy() if keras else None
    yield
    if keras:
        keras.config.set_dtype_policy(policy)
