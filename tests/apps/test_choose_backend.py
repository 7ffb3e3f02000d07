"""Which backend an app uses."""

import os

import command_line
import pytest


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Writes the user's keras.json; nothing is asked for in the environment."""
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return (tmp_path / "keras.json").write_text


@pytest.fixture
def installed(monkeypatch):
    """Says which backends are installed."""

    def set_installed(*names):
        monkeypatch.setattr(command_line, "_installed", lambda backend: backend in names)

    set_installed("tensorflow", "jax", "torch")
    return set_installed


@pytest.mark.parametrize("name", command_line.BACKENDS)
def test_the_option_wins(config, installed, monkeypatch, name):
    config('{"backend": "tensorflow"}')
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert command_line.choose_backend(name) == name
    assert os.environ["KERAS_BACKEND"] == name


def test_then_the_variable_then_the_file(config, installed, monkeypatch):
    config('{"backend": "torch"}')
    assert command_line.choose_backend(None) == "torch"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert command_line.choose_backend(None) == "jax"


def test_an_empty_variable_says_nothing(config, installed, monkeypatch):
    config('{"backend": "torch"}')
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert command_line.choose_backend(None) == "torch"


def test_without_a_file_it_is_tensorflow(config, installed):
    assert command_line.choose_backend(None) == "tensorflow"


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "{}", '"torch"', "\udcff"])
def test_a_broken_file_is_no_file(config, installed, content):
    config(content, errors="surrogateescape")
    assert command_line.choose_backend(None) == "tensorflow"


@pytest.mark.parametrize("content", ['"openvino"', '["jax"]', "null", "3", "{}"])
def test_a_backend_that_trains_nothing_is_passed_over(config, installed, content):
    config(f'{{"backend": {content}}}')
    assert command_line.choose_backend(None) == "tensorflow"


def test_a_default_that_is_not_installed_gives_way(config, installed):
    installed("torch")
    assert command_line.choose_backend(None) == "torch"
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_what_was_named_does_not_give_way(config, installed, monkeypatch, capsys):
    installed("torch")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    for asked, name in (("jax", "jax"), (None, "tensorflow")):
        with pytest.raises(SystemExit) as caught:
            command_line.choose_backend(asked)
        assert caught.value.code == 2
        line = f'The {name} backend is not installed; pip install -e ".[{name}]" adds it.'
        assert capsys.readouterr().err == f"error: {line} Received: {name}\n"


def test_no_backend_at_all(config, installed, capsys):
    installed()
    with pytest.raises(SystemExit):
        command_line.choose_backend(None)
    assert 'pip install -e ".[jax]"' in capsys.readouterr().err


@pytest.mark.parametrize("asked, variable", [("theano", "jax"), (None, "theano"), ("", "jax")])
def test_an_unknown_backend_names_the_choices(installed, monkeypatch, capsys, asked, variable):
    monkeypatch.setenv("KERAS_BACKEND", variable)
    with pytest.raises(SystemExit):
        command_line.choose_backend(asked)
    option = "KERAS_BACKEND" if asked is None else "--backend"
    received = variable if asked is None else asked
    expected = f"error: {option} must be one of tensorflow, jax, torch. Received: {received!r}\n"
    assert capsys.readouterr().err == expected


def test_what_is_installed_is_seen():
    assert command_line._installed(os.environ["KERAS_BACKEND"])
    assert not command_line._installed("theano")
