"""Recipes: what they allow, and which one is chosen."""

import dataclasses

import pytest
import training_fakes

from kerasoft import backbones
from kerasoft.errors import InvalidArgumentError
from kerasoft.training import choose, recipes

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    "field, value",
    [("epochs", value) for value in (0, -1, 1.5, "3")]
    + [("batch_size", value) for value in (0, -3, 2.0)]
    + [(name, value) for name in ("shift", "logging_steps") for value in (-1, 2.0)]
    + [(name, v) for name in ("learning_rate", "other_rate") for v in (0.0, -0.1, NAN, INFINITY)]
    + [("momentum", value) for value in (-0.1, 1.0, NAN)]
    + [(name, value) for name in ("clip",) for value in (-1.0, NAN, INFINITY)]
    + [("average", value) for value in (-0.1, 1.0, NAN)]
    + [("warmup", value) for value in (-0.1, 1.0, 2.0, NAN)]
    + [("weight_decay", value) for value in (-1e-4, NAN, INFINITY)]
    + [("optimizer", "lion"), ("schedule", "step"), ("augmentation", "flip"), ("mixing", "blend")]
    + [("precision", "float16"), ("backbone", "resnet99"), ("backbone", "")],
)
def test_a_value_that_is_not_allowed(field, value):
    with pytest.raises(InvalidArgumentError) as caught:
        training_fakes.recipe(**{field: value})
    message = str(caught.value)
    assert message.startswith(f"`{field}` must be ")
    assert message.endswith(f"Received: {field}={value!r}")
    with pytest.raises(InvalidArgumentError):
        training_fakes.recipe().with_changes(**{field: value})


def test_with_changes_changes_what_is_not_none():
    before = training_fakes.recipe()
    after = before.with_changes(epochs=9, batch_size=None, backbone="cnn")
    assert after == dataclasses.replace(before, epochs=9, backbone="cnn")
    assert before == training_fakes.recipe()
    assert before.with_changes() == before


def test_options_that_another_backbone_does_not_take_go_with_the_backbone():
    recipe = recipes["efficientnet"]["quick"]
    assert recipe.with_changes(backbone="efficientnet_b0") == dataclasses.replace(
        recipe, backbone="efficientnet_b0"
    )
    assert recipe.with_changes(backbone="cct").backbone_options == {}
    assert recipes["cnn"]["standard"].with_changes(backbone="resnet9").backbone_options == {}
    with pytest.raises(InvalidArgumentError):
        recipe.with_changes(backbone="none-such")


def test_a_recipe_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipes["cnn"]["quick"].epochs = 1


def test_the_recipes_know_their_names():
    for members in recipes.values():
        assert [recipe.name for recipe in members.values()] == list(members)
        assert {"quick", "seed"} < set(members)
        assert all(recipe.backbone in backbones.names() for recipe in members.values())


def test_auto_depends_on_the_accelerator():
    recipe, why = choose("cnn", "auto", None)
    assert recipe is recipes["cnn"]["quick"]
    assert why == "recipe quick, because this backend sees no accelerator"
    recipe, why = choose("cnn", "auto", "NVIDIA H200")
    assert recipe is recipes["cnn"]["standard"]
    assert why == "recipe standard, because there is an accelerator (NVIDIA H200)"


@pytest.mark.parametrize("accelerator", [None, "GPU"])
@pytest.mark.parametrize("name", recipes["cnn"])
def test_a_named_recipe_is_taken_anywhere(name, accelerator):
    assert choose("cnn", name, accelerator) == (recipes["cnn"][name], f"recipe {name}, as asked")


def test_an_unknown_recipe_names_the_choices():
    with pytest.raises(InvalidArgumentError) as caught:
        choose("cnn", "qick", None)
    for name in ("auto", *recipes["cnn"]):
        assert name in str(caught.value)
    assert str(caught.value).endswith("Received: recipe='qick'")


def test_options_that_the_backbone_does_not_have_are_refused():
    recipe = recipes["cnn"]["quick"]
    with pytest.raises(InvalidArgumentError, match="no option widht, .* Received: widht=3"):
        recipe.with_settings(["backbone.widht=3"])
