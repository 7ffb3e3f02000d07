"""Each image is mixed with a partner of its own, by a share of its own."""

import keras
import numpy as np
import pytest
from backend import to_numpy
from compiled_layer import compiled_method
from keras import ops
from scipy import stats

from kerasoft.augmentation import CutMix, MixUp, MixUpOrCutMix
from kerasoft.errors import InvalidArgumentError

ALL = [MixUp, CutMix, MixUpOrCutMix]


def levels(count, dtype="float32", size=(8, 8), channels=1):
    """Image i is i everywhere, so that a pixel says where it is from."""
    images = np.arange(count).reshape(-1, 1, 1, 1) * np.ones((1, *size, channels))
    return ops.cast(ops.convert_to_tensor(images.astype("float32")), dtype)


def mixed(layer, images):
    return [to_numpy(x) for x in layer.mix(images, training=True)]


@pytest.mark.parametrize("make", ALL)
def test_partners_are_a_roll_of_the_batch_that_changes(make):
    layer, images, offsets = make(seed=1), levels(5, size=(2, 2)), []
    mix = compiled_method(lambda images: layer.mix(images, training=True), layer.seed_generator)
    for _ in range(200):
        _, partners, _ = mix(images)
        offset = (to_numpy(partners) - np.arange(5)) % 5
        assert (offset == offset[0]).all()
        offsets.append(offset[0])
    counts = np.bincount(offsets, minlength=5)
    assert counts[0] == 0  # nobody is mixed with itself
    assert stats.chisquare(counts[1:]).pvalue > 1e-4


@pytest.mark.parametrize("make", ALL)
def test_shares_say_how_much_of_each_label_is_in_the_image(make):
    images, partners, shares = mixed(make(seed=2), levels(3000))
    truth = shares * np.arange(3000) + (1 - shares) * partners
    np.testing.assert_allclose(images.mean((1, 2, 3)), truth, rtol=1e-4, atol=1e-3)
    assert ((shares >= 0) & (shares <= 1)).all()
    assert len(np.unique(shares)) >= 20  # squares in 8 x 8 pixels have that many areas


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_mix_up_fades_by_beta(alpha):
    images, partners, shares = mixed(MixUp(alpha, seed=3), levels(20000, size=(1, 1)))
    inside = shares[(shares > 0.01) & (shares < 0.99)]
    law = stats.beta(alpha, alpha)
    assert abs(len(inside) / 20000 - (law.cdf(0.99) - law.cdf(0.01))) < 0.02
    within = (law.cdf(inside) - law.cdf(0.01)) / (law.cdf(0.99) - law.cdf(0.01))
    assert stats.kstest(within, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_cut_mix_pastes_boxes_by_beta(alpha):
    size = (16, 24)
    images, partners, shares = mixed(CutMix(alpha, seed=4), levels(4000, size=size))
    pasted = images[..., 0] == partners[:, None, None]
    own = images[..., 0] == np.arange(4000)[:, None, None]
    assert (pasted ^ own).all()
    np.testing.assert_allclose(shares, own.mean((1, 2)), atol=1e-6)
    rows, columns = pasted.any(2).sum(1), pasted.any(1).sum(1)
    np.testing.assert_array_equal(rows * columns, pasted.sum((1, 2)))  # boxes
    law, draws = stats.beta(alpha, alpha), np.random.default_rng(0)
    sides = np.sqrt(1 - law.rvs(40000, random_state=draws))
    parts = []
    for extent in size:
        length = (sides * extent).astype(int)
        start = draws.integers(0, extent, 40000) - length // 2
        parts.append(np.clip(start + length, 0, extent) - np.clip(start, 0, extent))
    truth = 1 - parts[0] * parts[1] / (size[0] * size[1])
    assert abs(shares.mean() - truth.mean()) < 0.02
    assert stats.ks_2samp(shares.round(5), truth.round(5)).pvalue > 1e-4


def test_places_of_boxes_are_uniform():
    images, partners, _ = mixed(CutMix(0.2, seed=6), levels(6000, size=(6, 6)))
    pasted = images[..., 0] == partners[:, None, None]
    single = pasted[pasted.sum((1, 2)) == 1]
    assert len(single) > 100
    assert stats.chisquare(single.sum(0).ravel()).pvalue > 1e-4


def test_either_by_image():
    layer = MixUpOrCutMix(cut_mix_share=0.25, seed=5)
    images, partners, _ = mixed(layer, levels(4000))
    faded = (images == images[:, :1, :1]).all((1, 2, 3))
    faded &= images[:, 0, 0, 0] != np.arange(4000)  # not a box that is empty
    faded &= images[:, 0, 0, 0] != partners
    assert abs(faded.mean() - 0.75) < 0.03
    assert abs(np.diff(faded.astype(int)).astype(bool).mean() - 2 * 0.75 * 0.25) < 0.03


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("probability", [0.0, 0.5])
def test_share_of_images_that_are_mixed(make, probability):
    images, _, shares = mixed(make(probability=probability, seed=1), levels(2000))
    whole = (images[..., 0] == np.arange(2000)[:, None, None]).all((1, 2))
    assert (shares[whole] > 0.999).all()
    assert abs((shares < 1).mean() - probability) < 0.06  # a box may be empty


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("dtype", ["uint8", "float16", "bfloat16", "float32"])
def test_dtypes(make, dtype):
    inputs = levels(100, dtype)
    output, partners, shares = make(seed=1).mix(inputs, training=True)
    assert output.dtype == inputs.dtype and tuple(output.shape) == tuple(inputs.shape)
    assert keras.backend.standardize_dtype(partners.dtype) == "int32"
    assert keras.backend.standardize_dtype(shares.dtype) == "float32"
    assert tuple(partners.shape) == tuple(shares.shape) == (100,)
    exact, _, _ = make(seed=1).mix(levels(100), training=True)
    np.testing.assert_allclose(to_numpy(output), to_numpy(exact), atol=0.5)  # rounded, not cut


@pytest.mark.parametrize("make", ALL)
def test_nothing_unless_training_and_draws_repeat_with_the_seed(make):
    images, layer, twin = levels(64), make(seed=3), make(seed=3)
    for training in (False, None):
        output, partners, shares = layer.mix(images, training=training)
        np.testing.assert_array_equal(to_numpy(output), to_numpy(images))
        np.testing.assert_array_equal(to_numpy(partners), np.arange(64))
        np.testing.assert_array_equal(to_numpy(shares), np.ones(64))
    first, second, again = mixed(layer, images), mixed(layer, images), mixed(twin, images)
    assert (first[2] != second[2]).any()
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("make", ALL)
def test_compiled_and_eager_draw_the_same(make):
    images, eager, layer = levels(16), make(seed=3), make(seed=3)
    call = compiled_method(lambda images: layer.mix(images, training=True), layer.seed_generator)
    for _ in range(2):
        for one, two in zip(call(images), eager.mix(images, training=True), strict=True):
            np.testing.assert_allclose(to_numpy(one), to_numpy(two), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", ALL)
def test_one_image_is_its_own_partner(make):
    images, partners, shares = mixed(make(seed=1), levels(1) + 3.0)
    np.testing.assert_allclose(images, 3.0, rtol=1e-6)
    assert partners.tolist() == [0]


def test_mix_up_takes_inputs_of_any_rank():
    inputs = ops.convert_to_tensor(np.arange(12.0, dtype="float32").reshape(6, 2))
    output, partners, shares = mixed(MixUp(seed=1), inputs)
    source = to_numpy(inputs)
    expected = shares[:, None] * source + (1 - shares[:, None]) * source[partners.astype(int)]
    np.testing.assert_allclose(output, expected, rtol=1e-5)
    with pytest.raises(InvalidArgumentError, match="N, H, W, C.*Received: images_shape="):
        CutMix().mix(inputs, training=True)


@pytest.mark.parametrize(
    "layer",
    [
        MixUp(0.3, 0.5, seed=1, name="mix"),
        CutMix(2.0, 0.25, seed=2),
        MixUpOrCutMix(0.2, 0.4, 0.3, 0.9, seed=3),
    ],
    ids=["MixUp", "CutMix", "MixUpOrCutMix"],
)
def test_config_round_trip(layer):
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == config


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (MixUp, {"alpha": 0}),
        (CutMix, {"alpha": -1}),
        (MixUp, {"probability": 2}),
        (MixUpOrCutMix, {"mix_up_alpha": None}),
        (MixUpOrCutMix, {"cut_mix_alpha": 1000}),
        (MixUpOrCutMix, {"cut_mix_share": -0.1}),
    ],
)
def test_wrong_arguments(make, options):
    (name,) = options
    with pytest.raises(InvalidArgumentError, match=f"`{name}` must.*Received: {name}="):
        make(**options)
