"""Where compiled programs are kept."""

import keras
import pytest

from kerasoft.training import compilation_cache, keep_compiled_programs

jax = pytest.importorskip("jax")
OPTION = "jax_compilation_cache_dir"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The cache folder, and no folder of JAX's own before or after."""
    monkeypatch.setenv("KERASOFT_CACHE_DIR", str(tmp_path))
    before = jax.config.jax_compilation_cache_dir
    jax.config.update(OPTION, None)
    yield tmp_path
    jax.config.update(OPTION, before)


def kept():
    keep_compiled_programs()
    return jax.config.jax_compilation_cache_dir


def test_on_an_accelerator(folder, monkeypatch):
    monkeypatch.setattr(compilation_cache, "accelerator", lambda: "NVIDIA H200")
    on_jax = keras.config.backend() == "jax"
    assert kept() == (str(folder / "xla") if on_jax else None)


def test_not_on_a_cpu(folder, monkeypatch):
    monkeypatch.setattr(compilation_cache, "accelerator", lambda: None)
    assert kept() is None


def test_a_choice_made_before_stands(folder, monkeypatch):
    monkeypatch.setattr(compilation_cache, "accelerator", lambda: "NVIDIA H200")
    jax.config.update(OPTION, "elsewhere")
    assert kept() == "elsewhere"
