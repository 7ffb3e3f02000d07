"""Data sets: `load(name)` gives `Splits` of uint8 images and integer labels.

Reading data needs NumPy only; neither Keras nor a backend is imported here.
"""

from kerasoft.data.errors import DataError, DataNotFoundError
from kerasoft.data.load import load, names
from kerasoft.data.splits import Split, Splits
from kerasoft.data.subset import subset

__all__ = ["DataError", "DataNotFoundError", "Split", "Splits", "load", "names", "subset"]
