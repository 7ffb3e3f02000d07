"""Keeps TensorFlow out of a process that trains with another backend.

Whenever Keras saves a model it imports TensorFlow, if that is installed, only to ask whether an
object is one of its: that takes seconds and memory, and prints notices.
"""

import importlib.abc
import importlib.machinery
import sys


class _LeftOut(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds TensorFlow, so that it counts as installed, and fails to load it, as if broken."""

    def find_spec(self, fullname, path=None, target=None):
        wanted = fullname == "tensorflow"
        return importlib.machinery.ModuleSpec(fullname, self) if wanted else None

    def create_module(self, spec):
        raise ImportError("TensorFlow is left out of this process.", name=spec.name)

    def exec_module(self, module):
        """Never reached."""


def leave_tensorflow_out() -> None:
    """Makes `import tensorflow` an ImportError from now on, unless it has happened already."""
    if not any(isinstance(finder, _LeftOut) for finder in sys.meta_path):
        sys.meta_path.insert(0, _LeftOut())
