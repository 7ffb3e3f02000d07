"""Row optimizers: what Keras's optimizers do, on the touched rows and nowhere else."""

import keras
import numpy as np
import pytest
from backend import quick, to_numpy
from keras import ops

from kerasoft import heads
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.rows.summed_rows import summed_rows

RNG = np.random.default_rng(0)
TABLE, BIAS = RNG.normal(size=(6, 3)).astype("float32"), RNG.normal(size=6).astype("float32")
KERAS = {"sgd": keras.optimizers.SGD(0.1), "adam": keras.optimizers.Adam(0.1)}
OURS = {"sgd": heads.RowSGD, "adagrad": heads.RowAdagrad, "adam": heads.RowAdam}


def tables(optimizer):
    """A matrix and a vector of six rows, with the optimizer's slots beside them."""
    made = [keras.Variable(TABLE, name="table"), keras.Variable(BIAS, name="bias")]
    optimizer.add_slots(made)
    return made


def update(optimizer, rows, *gradients):
    rows = ops.convert_to_tensor(np.asarray(rows, "int32"))
    optimizer.update(rows, [ops.convert_to_tensor(g.astype("float32")) for g in gradients])


def dense(rows, gradient):
    """The same gradient over all six rows."""
    total = np.zeros((6, *gradient.shape[1:]))
    for row, one in zip(rows, gradient, strict=True):
        if row >= 0:
            total[row] += one
    return total


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_equals_keras_where_every_row_is_touched(name):
    ours = OURS[name](0.1)
    made = tables(ours)
    truth = [keras.Variable(TABLE), keras.Variable(BIAS)]
    theirs = type(KERAS[name])(0.1)
    for step in range(3):
        rows = RNG.permutation([0, 1, 2, 3, 4, 5, 3, 3, 0, -1])
        gradients = [RNG.normal(size=(10, 3)), RNG.normal(size=10)]
        update(ours, rows, *gradients)
        grads = [dense(rows, g).astype("float32") for g in gradients]
        theirs.apply([ops.convert_to_tensor(g) for g in grads], truth)
        for found, true in zip(made, truth, strict=True):
            np.testing.assert_allclose(to_numpy(found), to_numpy(true), rtol=1e-5, atol=1e-6)
        assert int(ours.iterations) == step + 1


def test_adagrad_formula():
    ours = heads.RowAdagrad(0.1)
    table, _ = tables(ours)
    truth, accumulator = TABLE.astype("float64"), np.zeros(6)
    for _ in range(3):
        rows, gradient = np.array([2, 5, 2, -1]), RNG.normal(size=(4, 3))
        update(ours, rows, gradient, np.zeros(4))
        total = dense(rows, gradient)
        accumulator += (total**2).mean(-1)
        truth -= 0.1 * total / (np.sqrt(accumulator) + 1e-8)[:, None]
        np.testing.assert_allclose(to_numpy(table), truth, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", OURS)
def test_other_rows_and_their_slots_stay_as_they_are(name):
    ours = OURS[name](0.1)
    made = tables(ours)
    update(ours, [0, 1, 2, 3, 4, 5], RNG.normal(size=(6, 3)), RNG.normal(size=6))
    state = [*made, *(slot for slots in ours._slots for slot in slots)]
    before = [to_numpy(one) for one in state]
    update(ours, [4, -1, 1, 4], RNG.normal(size=(4, 3)), RNG.normal(size=4))
    for old, new in zip(before, map(to_numpy, state), strict=True):
        np.testing.assert_array_equal(old[[0, 2, 3, 5]], new[[0, 2, 3, 5]])
        assert (old[[1, 4]] != new[[1, 4]]).all()


def test_nothing_touched():
    ours = heads.RowAdam(0.1)
    made = tables(ours)
    update(ours, [-1, -1], np.ones((2, 3)), np.ones(2))
    np.testing.assert_array_equal(to_numpy(made[0]), TABLE)
    np.testing.assert_array_equal(to_numpy(made[1]), BIAS)


def test_schedule_over_its_own_steps():
    ours = heads.RowSGD(keras.optimizers.schedules.PiecewiseConstantDecay([0, 1], [1.0, 10.0, 0.0]))
    table, _ = tables(ours)
    for rate in (1.0, 10.0, 0.0):
        before = to_numpy(table)
        update(ours, [3], np.ones((1, 3)), np.ones(1))
        np.testing.assert_allclose(before[3] - to_numpy(table)[3], rate, rtol=1e-5)
    again = heads.RowSGD.from_config(ours.get_config())
    assert again.get_config() == ours.get_config()


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_summed_rows(size):
    rows = np.random.default_rng(size).integers(-1, 9, size).astype("int32")
    gradients = [RNG.normal(size=(size, 2)), RNG.normal(size=size)]
    tensors = [ops.convert_to_tensor(g.astype("float32")) for g in gradients]
    distinct, sums = quick(summed_rows)(ops.convert_to_tensor(rows), tensors)
    distinct, sums = to_numpy(distinct), [to_numpy(one) for one in sums]
    assert sorted(set(rows) - {-1}) == sorted(row for row in distinct if row >= 0)
    for gradient, found in zip(gradients, sums, strict=True):
        for row, one in zip(distinct, found, strict=True):
            if row >= 0:
                np.testing.assert_allclose(one, gradient[rows == row].sum(0), atol=1e-5)


@pytest.mark.parametrize(
    ("make", "received"),
    [
        (lambda: heads.RowSGD(0), "learning_rate=0"),
        (lambda: heads.RowSGD("fast"), "learning_rate='fast'"),
        (lambda: heads.RowAdam(float("inf")), "learning_rate=inf"),
        (lambda: heads.RowAdam(beta_1=1.0), "beta_1=1.0"),
        (lambda: heads.RowAdam(beta_2=-0.1), "beta_2=-0.1"),
        (lambda: heads.RowAdagrad(epsilon=0.0), "epsilon=0.0"),
    ],
)
def test_arguments_that_are_not_allowed(make, received):
    with pytest.raises(InvalidArgumentError) as error:
        make()
    assert str(error.value).endswith(f"Received: {received}")


def test_one_optimizer_one_head():
    ours = heads.RowSGD()
    tables(ours)
    with pytest.raises(InvalidArgumentError, match="belongs to one head"):
        tables(ours)
