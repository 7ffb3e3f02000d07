"""A variant: what it is called, and what text and records give back."""

import dataclasses
import json
import re

import pytest
import training_fakes

from kerasoft.errors import InvalidArgumentError
from kerasoft.training import Variant


@pytest.mark.parametrize(
    "text, softmax, options",
    [
        ("gumbel", "gumbel", {}),
        ("log-gumbel", "log_gumbel", {}),
        ("gumbel:temperature=0.5", "gumbel", {"temperature": 0.5}),
        ("gumbel:hard=true,temperature=2", "gumbel", {"hard": True, "temperature": 2}),
        ("adaptive:cutoffs=[20,60]", "adaptive", {"cutoffs": [20, 60]}),
        ("sampled:num-sampled=25,sampler=uniform", "sampled",
         {"num_sampled": 25, "sampler": "uniform"}),
        ("hierarchical:tree=balanced", "hierarchical", {"tree": "balanced"}),
    ],
)  # fmt: skip
def test_text_is_read(text, softmax, options):
    variant = Variant.parse(text)
    assert (variant.softmax, variant.options) == (softmax, options)
    assert variant == Variant(softmax, options)


@pytest.mark.parametrize(
    "text, part",
    [
        ("", "`softmax` must be one of"),
        ("softmin", "`softmax` must be one of"),
        ("gumbel:", "NAME:OPTION=VALUE"),
        ("gumbel:temperature", "NAME:OPTION=VALUE"),
        ("gumbel:=1", "NAME:OPTION=VALUE"),
        ("gumbel:temperature=1,temperature=2", "each option once"),
        ("gumbel:temperature=1,hard", "temperature"),
        ("gumbel:heat=1", "`gumbel` has no heat"),
        ("gumbel:temperature=-1", "`temperature`"),
        ("gumbel:temperature=NaN", "JSON"),
        ("hierarchical:tree=oak", "`tree` must be one of"),
    ],
)
def test_bad_text(text, part):
    with pytest.raises(InvalidArgumentError, match=f"{re.escape(part)}.*Received: "):
        Variant.parse(text)


@pytest.mark.parametrize(
    "arguments",
    [
        {"softmax": None},
        {"softmax": "adaptive", "options": {"cutoffs": {3}}},
        {"softmax": "softmax", "changes": {"speed": 3}},
        {"softmax": "softmax", "changes": {"name": "mine"}},
        {"softmax": "softmax", "changes": {"clip": float("inf")}},
    ],
)
def test_bad_arguments(arguments):
    with pytest.raises(InvalidArgumentError, match="Received: "):
        Variant(**arguments)


def test_names_are_safe_and_unique():
    label = "softmax", {}, None
    variants = [
        Variant("softmax"),
        Variant("gumbel"),
        Variant("gumbel", {"temperature": 0.5}),
        Variant("gumbel", {"temperature": 1e-5}),
        Variant(*label, {"label_smoothing": 0.1}),
        Variant("softmax", {"label_smoothing": 0.1}),
        Variant("adaptive", {"cutoffs": [20, 60]}),
        Variant("adaptive", {"cutoffs": [2060]}),
        Variant(*label, {"backbone_options": {"weights": "a/b"}}),
        Variant(*label, {"backbone_options": {"weights": "a b"}}),
        Variant(*label, {"backbone_options": {"weights": "x" * 300}}),
        Variant(*label, {"mixing": "none-recipe.shift=1"}),
        Variant(*label, {"mixing": "none", "shift": 1}),
    ]
    names = [variant.name for variant in variants]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[\w.=+-]{1,120}", name, re.ASCII) for name in names)
    assert names[:5] == [
        "softmax",
        "gumbel",
        "gumbel-temperature=0.5",
        "gumbel-temperature=1e-05",
        "softmax-recipe.label_smoothing=0.1",
    ]


def test_labels_are_readable():
    assert Variant("log-softmax").label == "log_softmax"
    assert Variant.parse("gumbel:temperature=0.5").label == "gumbel, temperature 0.5"
    sampled = Variant("sampled", {"num_sampled": 25}, changes={"learning_rate": 0.1})
    assert sampled.label == "sampled, num sampled 25, learning rate 0.1"
    assert Variant("softmax", label="*ours*").label == "*ours*"


def test_what_trains_alike_is_equal():
    one = Variant("gumbel", {"temperature": 0.5, "hard": True}, label="warm")
    other = Variant.parse("gumbel:hard=true,temperature=0.5")
    assert one == other and len({one, other}) == 1 and one.name == other.name
    assert one != Variant("gumbel", {"temperature": 0.5})


def test_it_survives_a_record():
    variant = Variant("adaptive", {"cutoffs": (20, 60)}, "mine", {"epochs": 2})
    again = Variant(**json.loads(json.dumps(dataclasses.asdict(variant))))
    assert dataclasses.asdict(again) == dataclasses.asdict(variant)


def test_it_changes_a_recipe():
    recipe = training_fakes.recipe()
    assert Variant("softmax").recipe(recipe) == recipe
    changed = Variant("softmax", changes={"epochs": 9}).recipe(recipe)
    assert changed == training_fakes.recipe(epochs=9)


@pytest.mark.parametrize("label", ["", "  ", "\n", "a\nb", "\ud800", 5])
def test_labels_are_text_on_one_line(label):
    with pytest.raises(InvalidArgumentError, match="`label` must be text.*Received: label="):
        Variant("softmax", label=label)


def test_a_change_that_is_none_is_no_change():
    assert Variant("softmax", changes={"epochs": None}) == Variant("softmax")


def test_values_may_be_written_as_python_writes_them():
    assert Variant.parse("softmax:use_bias=False") == Variant.parse("softmax:use_bias=false")


@pytest.mark.parametrize(
    "text",
    [
        "softmax:name=x",
        "softmax:num_classes=5",
        "softmax:softmax=gumbel",
        "adaptive:counts=[1]",
        "softmax:dtype=nope",
        "softmax:kernel_initializer=nope",
        "softmax:kernel_initializer={}",
        "sampled:kernel_initializer=nope",
        "softmax:use_bias=no",
        "gumbel:hard=no",
    ],
)
def test_options_that_cannot_be_are_one_line(text):
    with pytest.raises(InvalidArgumentError, match="^[^\n]*Received: [^\n]*$"):
        Variant.parse(text)
