"""Every head by its name."""

import numpy as np
import pytest
from backend import random_scores, to_numpy
from keras import ops

from kerasoft import heads, layers
from kerasoft.errors import InvalidArgumentError

REQUIRED = {"adaptive": {"cutoffs": [3]}, "sampled": {"num_sampled": 3}}


@pytest.mark.parametrize("name", heads.names())
def test_every_name(name):
    options = REQUIRED.get(name, {})
    head, again = heads.get(name, 7, **options), heads.get(name.replace("_", "-"), 7, **options)
    assert isinstance(head, heads.Head) and type(head) is type(again)
    x = ops.convert_to_tensor(random_scores((5, 4)), dtype="float32")
    p = to_numpy(head(x))
    assert p.shape == (5, 7)
    np.testing.assert_allclose(p.sum(-1), 1.0, atol=1e-6)
    np.testing.assert_allclose(np.exp(to_numpy(head.log_prob(x))), p, rtol=1e-5)
    assert head.complexity.training.startswith("O(")
    rebuilt = type(head).from_config(head.get_config())
    assert rebuilt.get_config() == head.get_config()


def test_score_layers_become_softmax_heads():
    for name in layers.names():
        head = heads.get(name, 3)
        assert type(head) is heads.SoftmaxHead
        assert type(head.softmax) is type(layers.get(name))
    assert heads.get("gumbel", 3, temperature=0.5).softmax.temperature == 0.5


@pytest.mark.parametrize("name", ["soft", "", None, 3])
def test_unknown_name(name):
    with pytest.raises(InvalidArgumentError) as error:
        heads.get(name, 3)
    text = str(error.value)
    assert all(choice in text for choice in heads.names())
    assert text.endswith(f"Received: softmax={name!r}")


def test_unknown_option_and_bad_value():
    with pytest.raises(InvalidArgumentError, match="has no width.*Received: width=1"):
        heads.get("gumbel", 3, width=1)
    with pytest.raises(InvalidArgumentError, match="Received: temperature=0"):
        heads.get("gumbel", 3, temperature=0)
    with pytest.raises(InvalidArgumentError, match="Received: num_classes=0"):
        heads.get("softmax", 0)
