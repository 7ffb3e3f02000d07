"""Two contestants compared: who they are, and the ratio of their times."""

from dataclasses import asdict, dataclass

from benchmarks.page import milliseconds
from benchmarks.timing import Timing

AGAIN = " (again)"  # the same contestant once more: how far its ratio is from 1 is noise


@dataclass(frozen=True)
class Duel:
    """One row of a table.

    Attributes:
        op: the contestant.
        rival: what it is compared with.
        bar: the ratio of their times that it shall not exceed, or None.
        same: whether both compute the same function.
    """

    op: str
    rival: str
    bar: float | None = None
    same: bool = True


def outcome(duel: Duel, own: Timing, rival: Timing | None) -> dict[str, object]:
    """Who was compared, both medians and their ratio; None for an absent rival."""
    return asdict(duel) | {
        "first_call_seconds": own.first_call_seconds,
        "seconds": own.median,
        "rival_seconds": None if rival is None else rival.median,
        "ratio": None if rival is None else own.median / rival.median,
    }


def is_over(duel: dict) -> bool:
    """Whether an outcome exceeds its bar."""
    return duel["bar"] is not None and duel["ratio"] > duel["bar"]


def cell(duel: dict) -> str:
    """An outcome as the ratio and both medians."""
    own = milliseconds(duel["seconds"])
    if duel["ratio"] is None:
        return f"({own} ms / not measured)"
    over = " **over**" if is_over(duel) else ""
    return f"{duel['ratio']:.2f}{over} ({own} / {milliseconds(duel['rival_seconds'])} ms)"
