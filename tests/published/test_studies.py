"""The studies' data: complete, trainable, and no claim of what is not there."""

import dataclasses

import numpy as np
import pytest
from backend import to_numpy
from keras import ops

from kerasoft import backbones, heads, published
from kerasoft.errors import InvalidArgumentError
from kerasoft.published.claims import Claim, Level
from kerasoft.published.quantities import ACCURACY, QUANTITIES
from kerasoft.published.results import Results
from kerasoft.published.study import SCALES

STUDIES = {name: published.get(name) for name in published.names()}
PARTS = [part for study in STUDIES.values() for part in study.parts]
by_name = pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)


def test_names():
    assert {"resnet12", "tinyvgg", "simple-cnn", "cnn-efficientnet-vit", "linear"} == set(STUDIES)
    assert published.get("simple_cnn") is STUDIES["simple-cnn"]
    with pytest.raises(InvalidArgumentError, match="resnet12.*Received: study='resnet13'"):
        published.get("resnet13")


@by_name
def test_every_text_is_there(study):
    assert study.title and study.published.endswith(".") and study.question.endswith("?")
    assert study.claims and study.errors and study.unknown
    assert all(claim.text.endswith(".") and claim.reported() for claim in study.claims)
    assert all(claim.part in {part.name for part in study.parts} for claim in study.claims)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_part_can_be_made(part):
    for scale in filter(part.runs_at, SCALES):
        recipe = part.recipe_at(scale)
        assert set(recipe.backbone_options) <= set(backbones.option_names(recipe.backbone))
        for variant in part.variants:
            variant.recipe(recipe)
    attributes = {one.name for one in dataclasses.fields(part.recipe)} | {"images"}
    assert part.known <= attributes
    assert len({one.label for one in part.variants}) == len(set(part.variants))
    assert set(part.quantities) <= set(QUANTITIES)


@pytest.mark.parametrize("part", [one for one in PARTS if one.quick], ids=lambda part: part.name)
def test_quick_is_less(part):
    quick, full = part.recipe_at("quick"), part.recipe_at("full")
    assert quick.epochs < full.epochs and part.quick_images <= 5_000
    assert part.dataset_at("quick", "cifar100") == f"cifar100:{part.quick_images}"
    assert part.dataset_at("full", "cifar100") == "cifar100"


@by_name
def test_nothing_is_claimed_without_runs(study):
    verdicts = [claim.judge(Results("", {}, {})) for claim in study.claims]
    assert {one.holds for one in verdicts if one.measured == "-"} <= {None}


def test_a_claim_of_no_variant_is_refused():
    study = STUDIES["tinyvgg"]
    wrong = Level("It does.", "tiny_vgg", variant="x", quantity=ACCURACY, value=0.1)
    with pytest.raises(InvalidArgumentError, match="of a variant.*'x'"):
        dataclasses.replace(study, claims=(wrong,))


def test_a_bare_claim_has_no_rule():
    with pytest.raises(NotImplementedError):
        Claim("It is.", "part").judge(Results("", {}, {}))
    with pytest.raises(NotImplementedError):
        Claim("It is.", "part").reported()


def test_the_tree_of_100_leaves_is_as_deep_as_that_of_128():
    head = heads.get("hierarchical", 100, tree="balanced")
    head.build((None, 4))
    rows = to_numpy(head.plan(ops.arange(100, dtype="int32"), False).rows)
    decisions = (rows.reshape(100, 7) >= 0).sum(axis=-1)
    assert np.bincount(decisions)[6:].tolist() == [28, 72]
    assert head.num_rows == 99


def test_what_each_study_is_known_for():
    numbers = {one.value for part in PARTS for one in part.reported}
    assert {0.0809, 0.6016, 0.45, 0.23, 0.167, 61.13, 58.39} <= numbers
    assert {0.3802, 0.3781, 6.487, 5.845, 0.5709, 0.5950, 0.7907, 0.9088} <= numbers
    assert {24.0, 54.0, 225.0, 0.35, 0.365} <= numbers
