"""A published study of a tiny network on tiny data."""

import importlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))

import training_fakes

from kerasoft import backbones, published
from kerasoft.published import registry
from kerasoft.published.claims import Breaks, Contrast, Level, Same
from kerasoft.published.quantities import ACCURACY, MACRO_F1, MEAN_SECONDS, MICRO_F1
from kerasoft.published.study import Part, Reported, Study
from kerasoft.training import Variant


def tiny_study():
    part = Part(
        name="tiny",
        title="A tiny network",
        recipe=training_fakes.recipe(epochs=3),
        variants=(Variant("softmax", label="once"), Variant("softmax_twice", label="twice")),
        known=frozenset({"epochs", "optimizer"}),
        quick={"epochs": 1},
        quick_images=100,
        reported=(Reported("once", ACCURACY, 0.08), Reported("once", MEAN_SECONDS, 6.5)),
        quantities=(ACCURACY, MICRO_F1, MACRO_F1, MEAN_SECONDS),
    )
    left_out = Part(
        name="large",
        title="A large network",
        recipe=training_fakes.recipe(backbone="vit_pretrained"),
        variants=(Variant("softmax", label="softmax"),),
        known=frozenset({"images"}),
        quick=None,
        note="It is not for a CPU.",
    )
    once = {"variant": "once", "quantity": ACCURACY}
    return Study(
        name="tiny",
        title="A tiny study",
        published="Once gives 8%.",
        question="Does it?",
        parts=(part, left_out),
        claims=(
            Level("Once gives 8%.", "tiny", **once, value=0.08),
            Contrast("Once is worse than twice.", "tiny", **once, than="twice", values=(0.1, 0.2)),
            Breaks("Twice ends in NaN.", "tiny", variant="twice"),
            Same("F1 is accuracy.", "tiny", ours=True, quantity=MICRO_F1, other=ACCURACY),
            Level(
                "The large one gives 90%.", "large", variant="softmax", quantity=ACCURACY, value=0.9
            ),
        ),
        errors=("**Eight.** It is a mistake.",),
        unknown=("The learning rate was not reported.",),
        dataset="cifar10",
    )


@pytest.fixture
def study(monkeypatch):
    """The tiny study, known to the registry, on tiny data, whatever data are asked for."""
    study = tiny_study()
    monkeypatch.setitem(registry._STUDIES, "tiny", study)
    splits = training_fakes.splits(validation=0)
    for module in ("training.train", "training.study", "published.reproduce"):
        module = importlib.import_module(f"kerasoft.{module}")
        monkeypatch.setattr(module, "load_dataset", lambda *_, **__: splits)
    writing = importlib.import_module("kerasoft.evaluation.writing")
    for drawing in ("draw_confusion", "draw_history", "draw_reliability"):
        monkeypatch.setattr(writing, drawing, lambda *_: None)  # most of the time of such runs
    monkeypatch.setattr(writing, "png_bytes", lambda _: b"")
    get = backbones.get

    def tiny(name, **options):
        return training_fakes.tiny() if name == "linear" else get(name, **options)

    monkeypatch.setattr(backbones, "get", tiny)
    return study


@pytest.fixture
def reproduce(study, tmp_path):
    """`published.reproduce` of it at quick scale with one seed, silently."""

    def call(scale="quick", **changes):
        settings = {"seeds": [0], "folder": tmp_path / "tiny", "say": lambda line: None} | changes
        return published.reproduce(study, scale, **settings)

    return call
