"""Models that are kept, each with a card."""

import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import keras

from kerasoft.errors import InvalidArgumentError
from kerasoft.files import replacing, write_json
from kerasoft.training import context
from kerasoft.training.run import Run, check_writable

_CARD = """\
# {name}

{title}. Trained on {data}.

Load it on any backend:

```python
import keras, kerasoft
model = keras.saving.load_model("{name}.keras")
probabilities = model.predict(images)  # uint8 (N, 32, 32, 3) to float32 (N, {classes})
```

## Scores on the test split

```
{table}
```

{validation}
`python apps/evaluate.py saved_models/{name}.keras` gives them again.

## How it was made

- command: `{command}`
- seed {seed}, backend {backend}, device {device}, commit {commit}

## Licence and limits

The weights are under the project's licence (Apache-2.0); the data have their own terms. The model
knows the classes of its data set and nothing else: to any image it answers with one of them.
"""


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
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.keras"
    config, environment, report = run.config, run.environment, run.report()
    card = _CARD.format(
        name=name,
        title=context.title(config),
        data=config["data"]["description"],
        classes=len(report.class_names),
        table=report.table(),
        validation=_validation(run.history()),
        seed=config["seed"],
        **{key: environment[key] for key in ("command", "backend", "device", "commit")},
    )
    facts = {
        "config": config,
        "environment": environment,
        "last_epoch": {name: values[-1] for name, values in run.history().items()},
        "test": report.to_dict(),
    }
    write_json(path.with_suffix(".json"), facts)
    with replacing(path.with_suffix(".md")) as temporary:
        temporary.write_text(card, encoding="utf-8")
    with replacing(path) as temporary:
        shutil.copyfile(run.model, temporary)
    return path


def _validation(history: Mapping[str, list[float]]) -> str:
    if "val_accuracy" not in history:
        return "There was no validation split: its images were among those to train on.\n"
    accuracy, loss = history["val_accuracy"][-1], history["val_loss"][-1]
    scores = f"accuracy {accuracy:.2%}, loss {loss:.4f}"
    return f"On the validation split, after the last epoch: {scores}.\n"
