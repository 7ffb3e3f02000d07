"""Models that are kept, each with a card."""

import re
import shlex
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import keras

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.json_text import json_text
from kerasoft.files import replacing
from kerasoft.training import context
from kerasoft.training.run import Run, check_writable

_CARD = """\
# {name}

{title}. Data, as training / validation / test: {data}.

Load it on any backend:

```python
import keras
import kerasoft  # registers the classes that the file names

model = keras.saving.load_model("saved_models/{name}.keras")
probabilities = model.predict(images)  # uint8 (N, 32, 32, 3) to float32 (N, {classes})
names = model.metadata["class_names"]  # of the columns
```

## Scores on the test split

```
{table}
```

{validation}
`python apps/evaluate.py saved_models/{name}.keras` scores it again. {rounding}

## How it was made

- command: `{command}`
- seed {seed}, precision {precision}, backend {backend}, device {device}, commit {commit}

`{name}.json` has every setting, the versions and all scores as data.

## Licence and limits

The weights are under the project's licence (Apache-2.0); the data have their own terms. The model
knows the classes of its data set and nothing else: to any image it answers with one of them.
"""

_LOCAL_OPTIONS = ("--data-dir", "--output-dir")


def load_model(path: str | Path) -> keras.Model:
    """Loads any saved Keras model for inference, on any backend, whichever saved it.

    Raises:
        InvalidArgumentError: if the file is absent or no Keras model.
    """
    if not Path(path).is_file():
        raise InvalidArgumentError("There is no such model file.", model=str(path))
    if not zipfile.is_zipfile(path):
        raise InvalidArgumentError(
            "This is no Keras model (not a .keras archive).", model=str(path)
        )
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever the broken part of a file leads to
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InvalidArgumentError(
            f"This is no Keras model that can be loaded ({reason}).", model=str(path)
        ) from error


def check_name(name: str, folder: Path) -> None:
    """Refuses a name that is no plain file name, or that is taken; before a long training.

    Raises:
        InvalidArgumentError: in both cases.
        OSError: if the folder cannot be written.
    """
    check_writable(folder)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise InvalidArgumentError(
            "`save` must be a name of letters, digits, dots, hyphens and underscores.", save=name
        )
    for suffix in (".keras", ".md", ".json"):
        if (folder / (name + suffix)).exists():
            raise InvalidArgumentError(f"{folder / name}{suffix} exists already.", save=name)


def save_model(name: str, folder: Path, run: Run) -> Path:
    """Puts a complete run's model into `folder`, with its card as Markdown and as JSON.

    Returns:
        The path of the model.

    Raises:
        InvalidArgumentError: as in `check_name`: the name may have been taken meanwhile.
        OSError: if the folder cannot be written.
    """
    check_name(name, folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.keras"
    config, environment, report = run.config, run.environment, run.report()
    precision = config["recipe"]["precision"]
    card = _CARD.format(
        name=name,
        title=context.title(config),
        data=_data(config["data"]),
        classes=len(report.class_names),
        table=report.table(),
        validation=_validation(run.history()),
        rounding=_rounding(precision),
        command=_command(environment["command"]),
        seed=config["seed"],
        precision=precision,
        **{key: environment[key] for key in ("backend", "device", "commit")},
    )
    facts = {
        "config": config,
        "environment": environment,
        "last_epoch": {name: values[-1] for name, values in run.history().items()},
        "test": report.to_dict(),
    }
    for suffix, text in ((".json", json_text(facts)), (".md", card)):
        with replacing(path.with_suffix(suffix)) as temporary:
            temporary.write_text(text, encoding="utf-8")
    with replacing(path) as temporary:
        shutil.copyfile(run.model, temporary)
    return path


def _data(facts: Mapping) -> str:
    """What the data are, without the place where this machine keeps them."""
    return facts["description"].replace(f", from {facts['source']}", "")


def _command(command: str) -> str:
    """The command without the folders of the machine that it ran on."""
    words, kept = iter(shlex.split(command)), []
    for word in words:
        option, _, value = word.partition("=")
        if option not in _LOCAL_OPTIONS:
            kept.append(word)
        elif not value:
            next(words, None)
    return shlex.join(kept)


def _rounding(precision: str) -> str:
    if precision == "float32":
        return "Only the last digits depend on backend and device."
    return (
        f"Its layers compute in {precision}, which each backend and device rounds in its own way: "
        "images on the edge between two classes may change sides."
    )


def _validation(history: Mapping[str, list[float]]) -> str:
    if "val_accuracy" not in history:
        return "There was no validation split: its images were among those to train on.\n"
    accuracy, loss = history["val_accuracy"][-1], history["val_loss"][-1]
    scores = f"accuracy {accuracy:.2%}, loss {loss:.4f}"
    return f"On the validation split, after the last epoch: {scores}.\n"
