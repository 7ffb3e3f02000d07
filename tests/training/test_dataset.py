"""Which data a run gets, and the one fallback."""

import warnings

import pytest

from kerasoft import data
from kerasoft.data import DataError, DataNotFoundError
from kerasoft.errors import InvalidArgumentError
from kerasoft.training.dataset import NAMES, load_dataset


@pytest.fixture
def asked(monkeypatch):
    """What `data.load` was asked for; it knows glyphs, and of CIFAR that it is nowhere."""
    asked = []

    def load(name, *, labels, validation, data_dir):
        asked.append((name, labels, validation, data_dir))
        if name != "glyphs":
            raise DataNotFoundError("No CIFAR-100 here. Pass it as --data-dir.", data_dir=data_dir)
        return f"the {labels} glyphs"

    monkeypatch.setattr(data, "load", load)
    return asked


@pytest.mark.parametrize("validation", [True, False])
@pytest.mark.parametrize("labels", ["fine", "coarse"])
def test_auto_without_cifar_is_glyphs_and_says_why(asked, labels, validation):
    with pytest.warns(UserWarning) as caught:
        assert load_dataset("auto", labels, validation=validation) == f"the {labels} glyphs"
    (warning,) = caught
    assert "glyphs instead of CIFAR-100" in str(warning.message)
    assert "No CIFAR-100 here. Pass it as --data-dir." in str(warning.message)
    assert asked == [(name, labels, validation, None) for name in ("cifar100", "glyphs")]


def test_the_real_warning_says_how_to_supply_cifar(monkeypatch):
    """Nothing is faked but the drawing of glyphs; tests have no network."""
    load = data.load

    def quick(name, **options):
        return "glyphs" if name == "glyphs" else load(name, **options)

    monkeypatch.setattr(data, "load", quick)
    with pytest.warns(UserWarning) as caught:
        assert load_dataset("auto") == "glyphs"
    message = str(caught[0].message)
    assert "cannot be reached" in message
    assert "cifar-100-python.tar.gz" in message
    assert "--data-dir" in message


@pytest.mark.parametrize("name", ["auto", "cifar100", "cifar10"])
def test_a_named_folder_must_hold_what_it_was_named_for(asked, name):
    with pytest.raises(DataNotFoundError):
        load_dataset(name, data_dir="somewhere")
    assert [what for what, *_ in asked] == ["cifar100" if name == "auto" else name]


def test_so_must_the_folder_of_the_environment(asked, monkeypatch):
    monkeypatch.setenv("KERASOFT_DATA_DIR", "somewhere")
    with pytest.raises(DataNotFoundError):
        load_dataset("auto")


@pytest.mark.parametrize("name", ["cifar100", "cifar10"])
def test_a_named_data_set_has_no_fallback(asked, name):
    with pytest.raises(DataNotFoundError):
        load_dataset(name)
    assert len(asked) == 1


def test_damaged_data_have_no_fallback(monkeypatch):
    def load(name, **_):
        raise DataError("cifar100/train is damaged.", data_dir=None)

    monkeypatch.setattr(data, "load", load)
    with warnings.catch_warnings(), pytest.raises(DataError, match="damaged"):
        warnings.simplefilter("error")
        load_dataset("auto")


def test_a_damaged_file_in_the_usual_place_has_no_fallback(tmp_path, monkeypatch):
    """The same with a real file, where Keras would have downloaded it to."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "cifar-100-python.tar.gz").write_bytes(b"\x1f\x8b not an archive")
    with pytest.raises(DataError) as caught:
        load_dataset("auto")
    assert not isinstance(caught.value, DataNotFoundError)


def test_a_folder_for_drawn_data_is_refused():
    with pytest.raises(InvalidArgumentError, match="drawn, not read.*Received: data_dir="):
        load_dataset("glyphs", data_dir="somewhere")


def test_an_unknown_name_names_the_choices(asked):
    with pytest.raises(InvalidArgumentError) as caught:
        load_dataset("imagenet")
    assert all(name in str(caught.value) for name in NAMES)
    assert str(caught.value).endswith("Received: dataset='imagenet'")
    assert asked == []


def test_glyphs_of_so_many_classes(monkeypatch):
    asked = {}
    plain = load_dataset("glyphs")

    def load(name, **options):
        asked.update(options, name=name)
        return plain

    monkeypatch.setattr("kerasoft.data.load", load)
    splits = load_dataset("glyphs-3000", "coarse")
    assert splits.name == "glyphs-3000" and splits.train is plain.train
    assert asked["name"] == "glyphs" and asked["labels"] == "coarse"
    assert asked["num_classes"] == 3000 and asked["size"] == 150_000
    load_dataset("glyphs-20")
    assert asked["size"] == 60_000


@pytest.mark.parametrize("name", ["glyphs-", "glyphs-x", "glyphs-3 ", "glyphs--3"])
def test_glyphs_of_no_number(name):
    with pytest.raises(InvalidArgumentError, match="or glyphs-N for N classes"):
        load_dataset(name)


def test_fewer_images(monkeypatch, splits):
    monkeypatch.setattr(data, "load", lambda name, **_: splits)
    less = load_dataset("cifar10:50")
    assert less.name == "cifar10:50" and len(less.train) == 50
    again = load_dataset(less.name)  # as a resumed run asks for it
    assert again.train.labels.tolist() == less.train.labels.tolist()
    with pytest.raises(InvalidArgumentError, match="Received: images=5"):
        load_dataset("cifar10:5")
    with pytest.raises(InvalidArgumentError, match="Received: dataset='imagenet'"):
        load_dataset("imagenet:50")
