"""JSON that machines parse strictly and people can read."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass

import numpy as np


def json_text(value: object) -> str:
    """`value` as strict JSON: sorted keys, two spaces of indent, lists of plain values on a line.

    NaN and infinities become null, since JSON has no word for them. NumPy values become plain
    ones, dataclasses objects, and what JSON does not know (paths, dates, ...) its text.
    """
    return _render(_plain(value), "") + "\n"


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)


def _render(value: object, indent: str) -> str:
    # json.dumps(indent=2) would give a 100 x 100 matrix ten thousand lines.
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        items = [f"{json.dumps(key)}: {_render(value[key], deeper)}" for key in sorted(value)]
        opening, closing = "{}"
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        items = [_render(item, deeper) for item in value]
        opening, closing = "[]"
    else:
        return json.dumps(value, allow_nan=False)
    separator = ",\n" + deeper
    return f"{opening}\n{deeper}{separator.join(items)}\n{indent}{closing}"
