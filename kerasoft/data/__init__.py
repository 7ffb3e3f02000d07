"""Data sets: `load(name)` gives `Splits` of uint8 images and integer labels.

Reading data needs NumPy only; neither Keras nor a backend is imported here.
"""

from .errors import DataError, DataNotFoundError
from .load import load, names
from .splits import Split, Splits

__all__ = ["DataError", "DataNotFoundError", "Split", "Splits", "load", "names"]
