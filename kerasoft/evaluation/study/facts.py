"""Facts of many runs side by side: what is the same for all, and what is not."""

from collections.abc import Iterable, Sequence

from kerasoft.evaluation.study.study import StudyRun

# Facts of the data, by the names under which a reader meets them.
DATA_SET, LABELS, FINGERPRINT = "data set", "labels", "fingerprint (SHA-256)"
IMAGES = "images (train / validation / test)"


def values(runs: Sequence[StudyRun], name: str) -> list[object]:
    """What the runs say of one fact of data or environment, each value once, as they come."""
    found = ({**run.data, **run.environment}.get(name) for run in runs)
    return once(one for one in found if one is not None)


def shared_facts(runs: Sequence[StudyRun], kind: str) -> dict[str, str]:
    """All facts of one kind ("data" or "environment"); where runs differ, every value."""
    names = dict.fromkeys(name for run in runs for name in getattr(run, kind))
    return {name: "; ".join(map(str, values(runs, name))) for name in names}


def once(found: Iterable[object]) -> list[object]:
    """Each value once, in the order in which they come, whether it can be hashed or not."""
    kept: list[object] = []
    for one in found:
        if one not in kept:
            kept.append(one)
    return kept
