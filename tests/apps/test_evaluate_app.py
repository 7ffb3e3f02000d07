"""The command that scores a saved model."""

import keras
import pytest
from evaluate import main


@pytest.mark.parametrize(
    "arguments, parts",
    [
        ([], ["MODEL.keras"]),
        (["absent.keras"], ["no such model file", "absent.keras"]),
        (["text.keras"], ["no Keras model", "text.keras"]),
        (["text.txt"], ["no Keras model", "text.txt"]),
        (["folder"], ["no such model file"]),
        (["plain.keras"], ["which data"]),
        (["plain.keras", "--dataset", "imagenet"], ["cifar100", "imagenet"]),
        (["plain.keras", "--dataset", "cifar100", "--labels", "rough"], ["fine", "rough"]),
        (["plain.keras", "--dataset", "cifar100", "--data-dir", "folder"], ["folder"]),
        (["plain.keras", "--dataset", "auto", "--data-dir", "folder"], ["folder"]),
        (["plain.keras", "--split", "testing"], ["test, validation, train", "testing"]),
        (["plain.keras", "--output-dir", "text.txt"], ["Not a folder", "text.txt"]),
        (["plain.keras", "--backend", "theano"], ["tensorflow, jax, torch", "theano"]),
        (["plain.keras", "--speed"], ["--speed"]),
    ],
    ids=" ".join,
)
def test_a_bad_input_is_one_line(fails, tmp_path, arguments, parts):
    (tmp_path / "folder").mkdir()
    for name in ("text.keras", "text.txt"):
        (tmp_path / name).write_text("hello\nworld\n")
    images = keras.Input((32, 32, 3))
    keras.Model(images, keras.layers.Flatten()(images)).save(tmp_path / "plain.keras")
    error = fails(main, *arguments)
    assert all(part in error for part in parts), error
