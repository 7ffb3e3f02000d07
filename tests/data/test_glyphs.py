"""The embedded data set: shape, balance, the same everywhere, the cache, and how hard it is."""

import os
import subprocess
import sys

import numpy as np
import pytest

from kerasoft.data import cache, glyphs
from kerasoft.data.glyphs import load_glyphs
from kerasoft.errors import InvalidArgumentError

# What the generator gave when it was written, on x86-64 with Matplotlib 3.11 and 3.9. Another
# value here means another data set: raise GENERATOR_VERSION with it.
FINGERPRINT_OF_600 = "aa6ba15860c4c78e5ddcdafa9c4995f1814961960cf84cccceb64a0bcf6dd6e0"

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("glyphs")


@pytest.fixture(autouse=True)
def shared_cache(monkeypatch, cache_folder):
    monkeypatch.setenv("KERASOFT_CACHE_DIR", str(cache_folder))


def counts(split, num_classes):
    return set(np.bincount(split.labels, minlength=num_classes).tolist())


def test_has_the_shape_of_cifar100():
    data = load_glyphs(size=6_000)
    sizes = [len(part) for part in (data.train, data.validation, data.test)]
    assert sizes == [3_500, 1_500, 1_000]
    for part, rows in zip((data.train, data.validation, data.test), (35, 15, 10), strict=True):
        assert part.images.shape == (rows * 100, 32, 32, 3)
        assert part.images.dtype == np.uint8
        assert part.labels.dtype == np.int32
        assert counts(part, 100) == {rows}
        assert not part.images.flags.writeable and not part.labels.flags.writeable
    assert (data.num_classes, len(data.superclass_names)) == (100, 20)
    assert (data.name, data.label_kind) == ("glyphs", "fine")
    assert "seed 0" in data.source


def test_default_rows_are_35_15_10_thousand():
    assert glyphs._request(100, 60_000, 0).rows == (350, 150, 100)


def test_rows_sum_up_and_no_part_is_empty():
    for per_class in range(3, 200):
        rows = glyphs._request(7, 7 * per_class + 6, 0).rows
        assert sum(rows) == per_class and min(rows) >= 1


def test_rows_are_mixed():
    labels = load_glyphs(size=6_000).train.labels
    assert len(set(labels[:100].tolist())) > 40
    assert np.mean(np.diff(labels) > 0) == pytest.approx(0.5, abs=0.05)


def test_no_image_comes_twice():
    data = load_glyphs(size=6_000)
    parts = (data.train, data.validation, data.test)
    assert len({image.tobytes() for part in parts for image in part.images}) == 6_000


def test_without_validation_its_rows_follow_those_of_train():
    whole, cut = load_glyphs(size=600, validation=False), load_glyphs(size=600)
    assert (len(whole.train), len(whole.validation), len(whole.test)) == (500, 0, 100)
    np.testing.assert_array_equal(whole.train.images[:400], cut.train.images)
    np.testing.assert_array_equal(whole.train.labels[400:], cut.validation.labels)
    np.testing.assert_array_equal(whole.test.images, cut.test.images)
    assert whole.fingerprint == cut.fingerprint


def test_coarse_labels_are_the_groups_of_the_fine_ones():
    fine, coarse = load_glyphs(size=600), load_glyphs(size=600, labels="coarse")
    assert coarse.class_names == fine.superclass_names
    assert coarse.superclass_names == coarse.class_to_superclass == ()
    assert coarse.label_kind == "coarse"
    group_of = np.array(fine.class_to_superclass, np.int32)
    assert coarse.test.labels.dtype == np.int32
    np.testing.assert_array_equal(coarse.test.labels, group_of[fine.test.labels])
    np.testing.assert_array_equal(coarse.test.images, fine.test.images)


def test_content_is_the_published_one():
    assert load_glyphs(size=600).fingerprint == FINGERPRINT_OF_600


def test_another_process_draws_the_same(tmp_path):
    code = (
        "from kerasoft.data.glyphs import load_glyphs;"
        "print(load_glyphs(num_classes=7, size=140, seed=3).fingerprint)"
    )
    environment = {**os.environ, "KERASOFT_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", code]
    other = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    own = load_glyphs(num_classes=7, size=140, seed=3).fingerprint
    assert other.stdout.split()[-1] == own


def test_another_seed_draws_others():
    first, second = (load_glyphs(num_classes=7, size=140, seed=seed) for seed in (3, 4))
    assert first.fingerprint != second.fingerprint
    assert (first.train.images != second.train.images).mean() > 0.9
    assert (first.train.labels != second.train.labels).any()


def test_second_load_comes_from_the_cache(monkeypatch):
    first = load_glyphs(num_classes=7, size=140, seed=5)
    for name in ("paint", "alphabet", "masks_of"):
        monkeypatch.setattr(glyphs, name, None)
    again = load_glyphs(num_classes=7, size=140, seed=5)
    np.testing.assert_array_equal(first.train.images, again.train.images)
    assert first.class_names == again.class_names
    assert first.fingerprint == again.fingerprint


def test_generator_version_is_part_of_the_cache_key(monkeypatch):
    key = glyphs._request(7, 140, 0).key
    monkeypatch.setattr(glyphs, "GENERATOR_VERSION", glyphs.GENERATOR_VERSION + 1)
    assert glyphs._request(7, 140, 0).key != key


def test_unwritable_cache_warns_and_carries_on(monkeypatch):
    kept = load_glyphs(num_classes=7, size=140, seed=6)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "fetch", lambda folder: None)
    monkeypatch.setattr(cache, "store", fail)
    with pytest.warns(UserWarning, match="No space left on device"):
        drawn = load_glyphs(num_classes=7, size=140, seed=6)
    np.testing.assert_array_equal(drawn.test.images, kept.test.images)
    assert drawn.fingerprint == kept.fingerprint
    assert drawn.class_names == kept.class_names
    assert not drawn.train.images.flags.writeable


def test_more_classes_begin_with_the_default_ones(monkeypatch):
    monkeypatch.setattr(glyphs, "_MASK_BUDGET", 0)  # two faces a class: faster
    few, many = load_glyphs(size=600), load_glyphs(num_classes=203, size=609)
    assert many.class_names[:100] == few.class_names
    assert many.superclass_names[:20] == few.superclass_names
    assert len(many.superclass_names) == 41
    assert many.class_to_superclass[-4:] == (39, 40, 40, 40)
    assert counts(many.train, 203) == {1}


def test_names_are_fit_for_an_axis_and_a_csv():
    data = load_glyphs(size=600)
    for names in (data.class_names, data.superclass_names):
        assert len(set(names)) == len(names)
        assert all(name.isidentifier() and name.isascii() and len(name) < 35 for name in names)
    assert data.class_names[0] == "digit_zero"
    assert data.superclass_names[0] == "digits_low"


def test_every_image_has_contrast():
    brightness = load_glyphs(size=6_000).train.images @ LUMA
    low, high = np.percentile(brightness, (2, 98), axis=(1, 2))
    assert (high - low).min() > 30


def test_grey_value_does_not_give_the_class_away():
    train = load_glyphs(size=6_000).train
    overall = train.images.mean(axis=(1, 2, 3))
    means = [overall[train.labels == label].mean() for label in range(100)]
    assert np.std(means) < 0.3 * overall.std()


def test_a_plain_probe_is_above_chance():
    from sklearn.neighbors import KNeighborsClassifier

    data = load_glyphs(num_classes=10, size=3_000)
    train, test = (_edges(part.images) for part in (data.train, data.test))
    probe = KNeighborsClassifier(1, metric="cosine").fit(train, data.train.labels)
    assert probe.score(test, data.test.labels) > 0.25  # chance is 0.1


def _edges(images):
    """How far each 2 x 2 block is from the typical brightness of its image."""
    blocks = (images @ LUMA).reshape(-1, 16, 2, 16, 2).mean(axis=(2, 4)).reshape(-1, 256)
    return np.abs(blocks - np.median(blocks, axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_classes", 1),
        ("num_classes", 5_001),
        ("num_classes", 10.0),
        ("num_classes", True),
        ("num_classes", "10"),
        ("size", 299),
        ("size", 600.0),
        ("size", None),
        ("seed", -1),
        ("seed", 2**63),
        ("seed", 0.5),
        ("labels", "medium"),
        ("labels", None),
    ],
)
def test_bad_argument_fails_in_one_line(name, value):
    with pytest.raises(InvalidArgumentError) as caught:
        load_glyphs(**{name: value})
    message = str(caught.value)
    assert f"`{name}`" in message and "\n" not in message
    assert message.endswith(f"Received: {name}={value!r}")


def test_numpy_integers_are_integers():
    data = load_glyphs(num_classes=np.int64(7), size=np.int32(140), seed=np.uint8(3))
    assert data.fingerprint == load_glyphs(num_classes=7, size=140, seed=3).fingerprint
