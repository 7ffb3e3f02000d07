"""Options whose default is one on a CPU and another on an accelerator."""

import argparse
from collections.abc import Mapping

Defaults = Mapping[str, tuple[object, object]]  # by option: on a CPU, and on an accelerator


def explained(defaults: Defaults, option: str) -> str:
    """What --help says about an option, such as "--batch-size"."""
    on_cpu, on_accelerator = (
        ",".join(map(str, value)) if isinstance(value, list) else value
        for value in defaults[option.lstrip("-").replace("-", "_")]
    )
    return f"default {on_cpu} on a CPU, {on_accelerator} on an accelerator"


def settled(options: argparse.Namespace, defaults: Defaults) -> argparse.Namespace:
    """The options with what this device decides in place of every None."""
    from kerasoft.training import accelerator

    which = 0 if accelerator() is None else 1
    given = {name: value for name, value in vars(options).items() if value is not None}
    sizes = {name: values[which] for name, values in defaults.items()}
    return argparse.Namespace(**sizes | given)
