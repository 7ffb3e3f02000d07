"""What a report says about a run beside its scores."""

import math
from collections.abc import Mapping, Sequence

import keras

from kerasoft.classifier import Classifier
from kerasoft.data import Splits
from kerasoft.evaluation.study.facts import DATA_SET, FINGERPRINT, IMAGES, LABELS
from kerasoft.heads import Head, SoftmaxHead
from kerasoft.training import times

TRAINED = "of these trained"
COMPLEXITY = ("training, an example", "inference, an example", "the score layer alone")


def data_facts(splits: Splits) -> dict[str, object]:
    """What config.json keeps of the data."""
    return {
        "name": splits.name,
        "label_kind": splits.label_kind,
        "description": splits.describe(),
        "source": splits.source,
        "fingerprint": splits.fingerprint,
        "images": [len(splits.train), len(splits.validation), len(splits.test)],
    }


def metadata(config: Mapping, splits: Splits) -> dict[str, object]:
    """What travels with the saved model, so that it can be scored anywhere."""
    return {
        "dataset": splits.name,
        "labels": splits.label_kind,
        "fingerprint": splits.fingerprint,
        "validation": config["validation"],
        "class_names": list(splits.class_names),
        "softmax": config["softmax"],
        "backbone": config["recipe"]["backbone"],
        "seed": config["seed"],
    }


def title(config: Mapping) -> str:
    """One line that names a run."""
    return (
        f"{config['recipe']['backbone']} with {config['softmax']} "
        f"on {config['data']['name']}, seed {config['seed']}"
    )


def timing(history: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Seconds an epoch at steady pace, and what stands apart from them.

    The median leaves out the first epoch, as `kerasoft.callbacks.EpochTimer` says why.
    """
    seconds = {
        "steady seconds an epoch (median)": times.steady(history["epoch_seconds"]),
        "first epoch's extra seconds (compilation)": times.compilation(history),
        "training seconds in all": times.in_all(history),
    }
    if "validation_seconds" in history:
        checks = times.steady(history["validation_seconds"])
        seconds["validation seconds an epoch (median)"] = checks
    return {name: round(value, 3) for name, value in seconds.items()}


def sections(
    config: Mapping, environment: Mapping, history: Mapping, model: Classifier
) -> dict[str, dict[str, object]]:
    """The tables of a run's report.md: what was trained, on what, how, how long and where."""
    return {
        "Data": data_rows(config),
        "Model": {
            "backbone": config["recipe"]["backbone"],
            "softmax": config["softmax"],
            **config["softmax_options"],
            "parameters": model.count_params(),
            TRAINED: sum(math.prod(one.shape) for one in model.trainable_variables),
            **_complexity(model.head),
        },
        "Training": {
            **{name: value for name, value in config["recipe"].items() if name != "backbone"},
            "seed": config["seed"],
            **_last_epoch(history),
        },
        "Time": timing(history),
        "Environment": environment_rows(environment),
    }


def evaluation_sections(
    file: str, split: str, splits: Splits, environment: Mapping, model: keras.Model
) -> dict[str, dict[str, object]]:
    """The tables of the report.md of a saved model."""
    return {
        "Data": {
            DATA_SET: splits.name,
            LABELS: splits.label_kind,
            "split": split,
            "read from": splits.source,
            FINGERPRINT: splits.fingerprint,
        },
        "Model": {
            "file": file,
            "parameters": model.count_params(),
            **{
                name: value
                for name, value in getattr(model, "metadata", {}).items()
                if name in ("backbone", "softmax", "seed")
            },
        },
        "Environment": environment_rows(environment),
    }


def data_rows(config: Mapping) -> dict[str, str]:
    """What config.json keeps of the data, as rows of a table."""
    sizes = " / ".join(f"{size:,}" for size in config["data"]["images"])
    return {
        DATA_SET: config["data"]["name"],
        LABELS: config["data"]["label_kind"],
        IMAGES: sizes,
        "read from": config["data"]["source"],
        FINGERPRINT: config["data"]["fingerprint"],
    }


def _complexity(head: Head) -> dict[str, str]:
    """What the head costs with C classes and D features."""
    costs = [head.complexity.training, head.complexity.inference]
    if isinstance(head, SoftmaxHead):
        layer = head.softmax.complexity
        gradient = f"; gradient {layer.backward_time}"
        costs.append(layer.forward_time + gradient * (layer.backward_time != layer.forward_time))
    return dict(zip(COMPLEXITY, costs, strict=False))


def environment_rows(environment: Mapping) -> dict[str, object]:
    """What environment.json keeps, as rows of a table."""
    return {
        **{name: environment[name] for name in ("backend", "device", "python", "platform")},
        **{name: version for name, version in environment["versions"].items() if version},
        "commit": environment["commit"],
        "command": environment["command"],
    }


def _last_epoch(history: Mapping) -> dict[str, str]:
    titles = {
        "accuracy": "training accuracy, last epoch",
        "val_accuracy": "validation accuracy, last epoch",
    }
    shown = {title: history[key] for key, title in titles.items() if key in history}
    return {title: f"{100 * column[-1]:.2f} %" for title, column in shown.items()}
