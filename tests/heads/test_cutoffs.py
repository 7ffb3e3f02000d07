"""The cost model of the adaptive head's clusters."""

import itertools

import numpy as np
import pytest

from kerasoft.heads import cutoffs
from kerasoft.heads.cutoffs import Frequencies, least_cost, tail_dimensions


@pytest.mark.parametrize("div_value", [1.0, 1.5, 2.0, 4.0, 1000.0])
@pytest.mark.parametrize("num_classes", [1, 2, 3, 20, 1000, 10_007, 10**6, 10**7])
def test_always_a_division(num_classes, div_value):
    found = least_cost(Frequencies(num_classes), 128, div_value)
    assert cutoffs.check_cutoffs(found, num_classes) == found
    assert len(found) == len(tail_dimensions(128, div_value, len(found)))


def test_few_classes_have_no_tail():
    for num_classes in range(1, 21):
        assert least_cost(Frequencies(num_classes), 128, 4.0) == []


def test_many_classes_have_every_tail_that_has_dimensions():
    assert tail_dimensions(128, 4.0, 16) == [32, 8, 2]
    assert len(least_cost(Frequencies(10**6), 128, 4.0)) == 3
    assert tail_dimensions(128, 2.0, 16) == [64, 32, 16, 8, 4, 2, 1]
    assert len(least_cost(Frequencies(10**6), 128, 2.0)) == 7
    assert len(least_cost(Frequencies(10**6), 128, 1.0)) == 16


def test_short_list_holds_half_of_the_probability():
    for num_classes in (1000, 10**5, 10**7):
        frequencies = Frequencies(num_classes)
        first = least_cost(frequencies, 128, 2.0)[0]
        assert 0.5 <= frequencies.first(np.array([first]))[0] < 0.9


def cost(frequencies, dimensions, div_value, chosen):
    """The documented formula, for one division."""
    edges = [*chosen, frequencies.num_classes]
    sizes = tail_dimensions(dimensions, div_value, len(chosen))
    logits = edges[0] + len(chosen)
    total = 256 * logits * (30 + dimensions) + 40 * logits * dimensions
    for (start, stop), size in zip(itertools.pairwise(edges), sizes, strict=True):
        first, last = frequencies.first(np.array([start, stop]))
        examples = 256 * (last - first)
        examples += min(examples, 4)
        total += examples * (stop - start) * (30 + size) + 40 * (stop - start) * size + 2.5e6
    return total


@pytest.mark.parametrize("counts", [None, np.r_[np.ones(100), 50.0]])
def test_no_division_costs_less(counts):
    frequencies, div_value = Frequencies(101, counts), 4.0
    found = cost(frequencies, 128, div_value, least_cost(frequencies, 128, div_value))
    for clusters in (0, 1, 2):
        for chosen in itertools.combinations(range(1, 101), clusters):
            edge = chosen[0] if chosen else 101
            if frequencies.first(np.array([edge]))[0] >= 0.5:
                assert found <= cost(frequencies, 128, div_value, chosen) * (1 + 1e-9)


def test_counts_of_zipf_give_the_cutoffs_of_zipf():
    counts = np.random.default_rng(0).permutation(1 / np.arange(1, 10**5 + 1))
    found = least_cost(Frequencies(10**5, counts), 128, 2.0)
    assert found == least_cost(Frequencies(10**5), 128, 2.0)


def test_harmonic_numbers():
    found = Frequencies(1000).first(np.arange(1, 1001))
    exact = np.cumsum(1 / np.arange(1, 1001))
    np.testing.assert_allclose(found, exact / exact[-1], rtol=2e-3)


def test_classes_never_seen_are_a_cluster():
    counts = np.zeros(100_000)
    counts[:300] = 1.0
    (found,) = least_cost(Frequencies(100_000, counts), 128, 64.0)
    assert 300 <= found < 330  # the next candidate
