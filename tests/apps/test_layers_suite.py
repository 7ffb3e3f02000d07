"""The suite of layers: that it compares like with like; never how fast anything is."""

import argparse
import json
import os
import statistics

import benchmark
import keras
import numpy as np
import pytest
from benchmarks import device_defaults, gradients, layer_contests, layer_steps, suite_layers, timing

import kerasoft

BACKEND = os.environ["KERAS_BACKEND"]
TINY = ["--attention-batch", "2", "--tokens", "3", "--depthwise-batch", "1", "--image-size", "32"]
FEW = ["--softmaxes", "softmax,sparsemax", "--attention-dtypes", "float32", "--repetitions", "1"]


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["--parts", "heads"], ["--parts", "attention, depthwise", "'heads'"]),
        (["--softmaxes", "softmax,log_softmax"], ["--softmaxes", "entmax15", "'log_softmax'"]),
        (["--attention-dtypes", "int8"], ["--attention-dtypes", "mixed_bfloat16", "'int8'"]),
        (["--depthwise-dtypes", ""], ["--depthwise-dtypes", "mixed_bfloat16", "''"]),
        (["--tokens", "0"], ["--tokens", "from 1 up"]),
        (["--image-size", "31"], ["--image-size", "from 32 up"]),
    ],
    ids=" ".join,
)
def test_a_bad_input_is_one_line(fails, arguments, parts):
    error = fails(benchmark.main, "--suite", "layers", *arguments)
    assert all(part in error for part in parts), error


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole run at a tiny size, on this backend: what it wrote."""
    folder = tmp_path_factory.mktemp("runs")
    arguments = ["--suite", "layers", "--backends", BACKEND, *TINY, *FEW]
    benchmark.main([*arguments, "--depthwise-dtypes", "float32", "--output-dir", str(folder)])
    (run,) = folder.iterdir()
    return run


@pytest.fixture(scope="module")
def record(finished):
    return json.loads((finished / "layers.json").read_text())


@pytest.fixture(scope="module")
def part(record):
    return record["backends"][BACKEND]


def test_everyone_was_measured(record, part):
    assert record["command"].startswith("python apps/benchmark.py --suite layers")
    assert part["environment"]["versions"][BACKEND] and part["environment"]["cpu"]
    measured = [(one["part"], one["name"], one["pass"]) for one in part["measurements"]]
    names = ("Keras", "softmax", "sparsemax", "Keras (again)")
    dropping = ("softmax, dropout 0.1", "Keras, dropout 0.1")
    attention = {("attention", name, of) for name in names + dropping for of in layer_steps.PASSES}
    depthwise = {("depthwise", name, "training") for name in ("kerasoft", "Keras")}
    assert set(measured) == attention | depthwise
    assert len(measured) == len(attention) + len(layer_contests.CONVOLUTIONS) * len(depthwise)
    for one in part["measurements"]:
        assert one["mode"] == layer_steps.mode() and one["dtype"] == "float32"
        assert one["first_call_seconds"] > 0
        assert len(one["seconds"]) == 1 and one["seconds"][0] > 0


def test_ratios_are_of_medians(part):
    def facts(entry):
        names = ("part", "pass", "shape", "kernel_size", "strides")
        return tuple(str(entry.get(name)) for name in names)

    medians = {
        (*facts(one), one["name"]): statistics.median(one["seconds"])
        for one in part["measurements"]
    }
    for duel in part["duels"]:
        assert duel["seconds"] == medians[*facts(duel), duel["op"]]
        assert duel["rival_seconds"] == medians[*facts(duel), duel["rival"]]
        assert duel["ratio"] == pytest.approx(duel["seconds"] / duel["rival_seconds"])


def test_rivals_compute_the_same(part):
    """A time is worth nothing if it is that of another function."""
    same = {(duel["op"], duel["rival"]) for duel in part["duels"] if duel["same"]}
    assert same == {("softmax", "Keras"), ("Keras (again)", "Keras"), ("kerasoft", "Keras")}
    for duel in part["duels"]:
        if duel["same"]:
            assert duel["largest_difference"] < 1e-4, duel
        else:
            assert duel["largest_difference"] is None


def test_the_table(record, part, finished):
    assert {file.name for file in finished.iterdir()} == {"layers.json", "layers.md"}
    page = (finished / "layers.md").read_text()
    table = suite_layers.table(record)
    assert record["command"] in page and page.endswith(f"{table}\n")
    attention, depthwise = table.split("## Depthwise")
    rows = [line for line in attention.splitlines() if line.startswith(f"| {BACKEND}, ")]
    assert len(rows) == len([duel for duel in part["duels"] if duel["part"] == "attention"]) / 2
    rows = [line for line in depthwise.splitlines() if line.startswith(f"| {BACKEND}, ")]
    assert len(rows) == len(layer_contests.CONVOLUTIONS) + 1
    assert "| 16x16x96, 3x3, stride 2 |" in rows[1] and "| all |" in rows[-1]
    assert "batch 2, 3 tokens of 256 features, 4 heads of 64." in table
    assert "Depthwise: batch 1;" in table


def test_the_mode_is_that_of_fit():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert layer_steps.mode() in gradients.MODES[BACKEND]
    assert model.jit_compile == (layer_steps.mode() in ("jax.jit", "tf.function, XLA"))


@keras.saving.register_keras_serializable(package="tests")
class Product(keras.layers.Layer):
    """a b w while training, else a b; both are the inputs, so that gradients have simple forms."""

    def build(self, *shapes):
        self.weight = self.add_weight(shape=(), initializer="ones", name="weight")

    def call(self, a, b, training=None):
        return a * b * self.weight if training else a * b


def test_steps_give_output_and_gradients():
    random = np.random.default_rng(0)
    x, upstream = (random.standard_normal((3, 5), dtype="float32") for _ in range(2))
    layer = Product()
    layer.build(x.shape, x.shape)
    layer.set_weights([np.float32(3)])
    tensors = map(keras.ops.convert_to_tensor, (x, upstream))
    steps = layer_steps.steps(layer, *tensors, arity=2)
    (output,) = steps[layer_steps.FORWARD]()
    np.testing.assert_allclose(gradients.to_numpy(output), x * x, rtol=1e-6)
    output, of_inputs, (of_weight,) = steps[layer_steps.TRAINING]()
    np.testing.assert_allclose(gradients.to_numpy(output), 3 * x * x, rtol=1e-6)
    np.testing.assert_allclose(gradients.to_numpy(of_inputs), 6 * x * upstream, rtol=1e-6)
    np.testing.assert_allclose(gradients.to_numpy(of_weight), (x * x * upstream).sum(), rtol=1e-5)


def test_contestants_have_the_same_weights():
    shape = (2, 3, layer_contests.HEADS * layer_contests.KEY_DIM)
    layers = layer_contests._attention_layers(["taylor", "softmax"], "mixed_bfloat16", shape)
    first, *others = (layer.get_weights() for layer in layers.values())
    assert len(first) == 8 and len(others) == 5
    for other in others:
        for own, theirs in zip(first, other, strict=True):
            np.testing.assert_array_equal(own, theirs)
    assert {layer.compute_dtype for layer in layers.values()} == {"bfloat16"}


def test_convolutions_are_those_of_the_network():
    model = kerasoft.backbones.efficientnet_lite0(image_size=160)
    found = set()
    for layer in model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            _, side, _, channels = layer.input.shape
            found.add((side, channels, layer.kernel_size[0], layer.strides[0]))
    assert len(layer_contests.CONVOLUTIONS) == 8
    for convolution in layer_contests.CONVOLUTIONS:
        (_, side, _, channels), (_, after, _, _) = convolution.shapes(4, 160)
        assert (side, channels, convolution.kernel_size, convolution.strides) in found
        assert after == -(-side // convolution.strides)


@pytest.mark.parametrize("device, batch, dtype", [(None, 8, "float32"), ("GPU", 256, "mixed")])
def test_the_device_decides_what_is_not_asked_for(monkeypatch, device, batch, dtype):
    monkeypatch.setattr(kerasoft.training, "accelerator", lambda: device)
    asked = dict.fromkeys(suite_layers.SIZES) | {"tokens": 7, "repetitions": 1}
    options = device_defaults.settled(argparse.Namespace(**asked), suite_layers.SIZES)
    assert options.tokens == 7 and options.repetitions == 1
    assert options.attention_batch == batch
    assert options.depthwise_dtypes[0].startswith(dtype)


def test_compiling_is_the_first_call_less_a_later_one(monkeypatch):
    monkeypatch.setattr(layer_steps, "mode", lambda: "jax.jit")
    assert suite_layers._compiling(timing.Timing(1.0, [0.2, 0.4, 0.3])) == pytest.approx(0.7)
    assert suite_layers._compiling(timing.Timing(0.1, [0.2])) == 0.0
    monkeypatch.setattr(layer_steps, "mode", lambda: "eager")
    assert suite_layers._compiling(timing.Timing(1.0, [0.2])) is None


@pytest.mark.parametrize(
    "own, rival, text",
    [(1.0, 4.0, "0.25 (1.00 / 4.00 s)"), (0.5, 0.0, "(0.50 / 0.00 s)"), (None, None, "")],
)
def test_the_cell_of_compiling(own, rival, text):
    duel = {"compiling_seconds": own, "rival_compiling_seconds": rival}
    assert suite_layers._compiling_cell(duel) == text


def test_the_sum_is_of_medians():
    one = {"seconds": 1.0, "rival_seconds": 2.0}
    one |= {"compiling_seconds": 3.0, "rival_compiling_seconds": None}
    other = {"seconds": 2.0, "rival_seconds": 4.0}
    other |= {"compiling_seconds": 4.0, "rival_compiling_seconds": 1.0}
    total = suite_layers._sum([one, other])
    assert total["ratio"] == 0.5 and total["seconds"] == 3.0
    assert total["compiling_seconds"] == 7.0 and total["rival_compiling_seconds"] is None


def test_how_far_results_are_apart():
    ours, theirs = [np.array([1.0, 4.0]), np.ones(3)], [np.array([1.0, 5.0]), np.ones(3)]
    assert suite_layers._difference(ours, theirs) == pytest.approx(0.2)
    assert suite_layers._difference([np.array([np.nan])], [np.ones(1)]) is None


def test_a_result_that_is_not_finite_is_said(record):
    assert "differ by at most" in suite_layers._agreement(record)
    duel = {"part": "depthwise", "same": True, "dtype": "float32", "largest_difference": None}
    broken = {"backends": {BACKEND: {"duels": [duel]}}}
    assert suite_layers._agreement(broken).endswith("finite")
