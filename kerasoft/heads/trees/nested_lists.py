"""Nested lists of class ids, checked and turned into links between numbered nodes."""

from dataclasses import dataclass, field
from numbers import Integral

from kerasoft.errors import InvalidArgumentError


@dataclass
class Links:
    """A tree as lists of numbers: inner nodes level by level, and after them the classes.

    Attributes:
        parent, position: of each node its parent and its place among the parent's children; zeros
            for the root.
        arity: children of each inner node, at least 2.
        levels: the inner nodes of each level, as a range [start, stop).
    """

    parent: list[int] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    arity: list[int] = field(default_factory=list)
    levels: list[tuple[int, int]] = field(default_factory=list)


def links(nested: list, num_classes: int) -> Links:
    """Reads a tree; a list of one thing is that thing. O(C), by no recursion.

    Raises:
        InvalidArgumentError: if a list is empty, something is neither a list nor a class id below
            `num_classes`, or a class is missing or repeated.
    """
    found, leaves = Links(), {}
    level = [(0, 0, _entry(nested, num_classes, leaves, 0, 0))]
    while any(children for *_, children in level):
        start, below = len(found.arity), []
        inner = [(*place, children) for *place, children in level if children]
        for number, (parent, position, children) in enumerate(inner, start):
            found.parent.append(parent)
            found.position.append(position)
            found.arity.append(len(children))
            for place, child in enumerate(children):
                entry = _entry(child, num_classes, leaves, number, place)
                if entry:
                    below.append((number, place, entry))
        found.levels.append((start, len(found.arity)))
        level = below
    _check_all_there(leaves, num_classes)
    for class_id in range(num_classes):
        parent, position = leaves[class_id]
        found.parent.append(parent)
        found.position.append(position)
    return found


def plain(nested: list | tuple) -> list:
    """A copy made of lists and Python's integers, as JSON can hold."""
    top: list = [nested]
    todo = [top]
    while todo:
        node = todo.pop()
        for at, child in enumerate(node):
            if isinstance(child, list | tuple):
                node[at] = list(child)
                todo.append(node[at])
            else:
                node[at] = int(child)
    return top[0]


def _entry(node: object, num_classes: int, leaves: dict, parent: int, position: int) -> list | None:
    """The children of a node, or None of a class, which goes into `leaves`."""
    while isinstance(node, list | tuple) and len(node) == 1:
        node = node[0]
    if isinstance(node, list | tuple):
        if not node:
            raise InvalidArgumentError("`tree` must have no empty list.", tree=node)
        return node
    _check_class(node, num_classes)
    if int(node) in leaves:
        raise InvalidArgumentError("`tree` must name every class once.", repeated=node)
    leaves[int(node)] = (parent, position)
    return None


def _check_class(node: object, num_classes: int) -> None:
    known = isinstance(node, Integral) and not isinstance(node, bool)
    if not known or not 0 <= node < num_classes:
        raise InvalidArgumentError(
            f"`tree` must be nested lists of class ids from 0 to {num_classes - 1}.", tree=node
        )


def _check_all_there(leaves: dict, num_classes: int) -> None:
    if len(leaves) < num_classes:
        missing = [class_id for class_id in range(num_classes) if class_id not in leaves]
        raise InvalidArgumentError("`tree` must name every class once.", missing=missing[:5])
