"""Training on a tiny data set with a tiny network, without reading or drawing anything."""

import pytest
import training_fakes

from kerasoft import training


@pytest.fixture(scope="session")
def splits():
    return training_fakes.splits()


@pytest.fixture
def fakes(monkeypatch, splits):
    return training_fakes.use_fakes(monkeypatch, splits)


@pytest.fixture
def train(fakes, tmp_path):
    """`training.train` with the tiny recipe, silently, into the folder `runs`."""

    def call(**changes):
        names = ("softmax", "seed", "say", "softmax_options", "output_dir", "validation")
        settings = {name: changes.pop(name) for name in names if name in changes}
        quiet = {"output_dir": tmp_path / "runs", "say": lambda line: None}
        return training.train(training_fakes.recipe(**changes), **{**quiet, **settings})

    return call


@pytest.fixture(scope="session")
def complete(tmp_path_factory, splits):
    """One uninterrupted run for all tests, and what it said and asked for."""
    folder, said = tmp_path_factory.mktemp("complete"), []
    with pytest.MonkeyPatch.context() as patch:
        asked = training_fakes.use_fakes(patch, splits)
        run = training.train(training_fakes.recipe(), seed=7, output_dir=folder, say=said.append)
    return run, said, asked


@pytest.fixture
def run(complete):
    """A complete run: seed 7, three epochs, gumbel; nobody may change its folder."""
    return complete[0]
