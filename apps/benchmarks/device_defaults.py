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
    """The options with what this device decides, where they have a default and are None."""
    from kerasoft.training import accelerator

    which = 0 if accelerator() is None else 1
    unset = [name for name in defaults if getattr(options, name) is None]
    return argparse.Namespace(**vars(options) | {name: defaults[name][which] for name in unset})
