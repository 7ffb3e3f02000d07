"""The tree of two levels that superclasses make."""

from collections.abc import Sequence

import numpy as np

from kerasoft.errors import InvalidArgumentError


def taxonomy(class_to_superclass: Sequence[int]) -> list[list[int]]:
    """The classes of each superclass, as a tree for `HierarchicalSoftmax`.

    Args:
        class_to_superclass: the superclass of each class, integers of any kind.

    Returns:
        One list of class ids a superclass that has any, in the order of the superclasses.

    Raises:
        InvalidArgumentError: if there are no classes or a superclass is no integer.

    Example:

    >>> taxonomy([0, 1, 0, 1, 2])
    [[0, 2], [1, 3], [4]]
    """
    superclasses = np.asarray(class_to_superclass)
    if superclasses.ndim != 1 or not len(superclasses) or superclasses.dtype.kind not in "iu":
        raise InvalidArgumentError(
            "`class_to_superclass` must be one integer a class.",
            class_to_superclass=class_to_superclass,
        )
    return [np.flatnonzero(superclasses == one).tolist() for one in np.unique(superclasses)]
