"""The models in saved_models/: each has its card, is small, and loads on every backend."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from kerasoft import evaluation, training

FOLDER = Path(__file__).parent.parent / "saved_models"
PAGE = FOLDER / "README.md"
MEGABYTE = 1_000_000


def rows():
    """The table of published models: the cells of each row, by the model's file."""
    if not PAGE.is_file():  # an archive of the sources leaves the models out
        return {}
    cells = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines()]
    links = [(re.fullmatch(r"\[(.+)\]\(\1\.md\)", row[0]), row) for row in cells]
    return {FOLDER / f"{link[1]}.keras": row for link, row in links if link}


ROWS = rows()
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="no saved models in this source tree")
each_model = pytest.mark.parametrize("path", ROWS, ids=lambda path: path.stem)


def facts(path):
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def test_every_model_has_its_card():
    models = set(FOLDER.glob("*.keras"))
    assert ROWS.keys() <= models
    for suffix in (".md", ".json"):
        assert {model.with_suffix(suffix) for model in models} <= set(FOLDER.glob(f"*{suffix}"))


def test_published_models_are_small():
    sizes = [path.stat().st_size for path in ROWS]
    assert max(sizes) <= 12 * MEGABYTE
    assert sum(sizes) < 25 * MEGABYTE


@each_model
def test_a_card_tells_the_scores(path):
    found = facts(path)
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    report = evaluation.Report.from_dict(found["test"])
    assert card.startswith(f"# {path.stem}\n")
    assert report.table() in card
    assert f"accuracy {found['last_epoch']['val_accuracy']:.2%}, loss" in card
    assert found["environment"]["commit"] in card
    assert not re.search(r"/(tmp|home|root)/", card)
    assert ROWS[path][4] == f"{100 * report.accuracy:.2f} %"


@each_model
def test_a_model_loads_and_is_the_one_of_its_card(path):
    model, config = training.load_model(path), facts(path)["config"]
    for name in ("dataset", "labels", "softmax", "seed"):
        assert model.metadata[name] == config[name]
    assert model.metadata["fingerprint"] == config["data"]["fingerprint"]
    assert model.metadata["backbone"] == config["recipe"]["backbone"]
    assert model.dtype_policy.name == config["recipe"]["precision"]
    parameters, megabytes = ROWS[path][2:4]
    assert parameters == f"{model.count_params():,}"
    assert megabytes == f"{path.stat().st_size / MEGABYTE:.1f}"

    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    probabilities = model.predict(images, verbose=0)
    assert probabilities.shape == (2, len(model.metadata["class_names"]))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert not np.array_equal(*probabilities)
