"""The public map, what import registers, and imports that only go down."""

import ast
import re
from pathlib import Path

import keras
import pytest

import kerasoft
from kerasoft.errors import InvalidArgumentError

ROOT = Path(kerasoft.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# What each part may import of the package, besides itself.
BELOW = {
    "errors": set(),
    "version": set(),
    "arguments": {"errors"},
    "files": {"errors"},
    "restricted_pickle": set(),
    "ops": {"arguments", "errors"},
    "losses": {"ops", "arguments", "errors"},
    "layers": {"losses", "ops", "arguments", "errors"},
    "cifar100": set(),
    "heads": {"cifar100", "layers", "losses", "ops", "arguments", "errors"},
    "classifier": {"heads", "layers", "losses", "ops", "errors"},
}
WINGS = {"backbones", "data", "callbacks", "evaluation"}

PUBLIC = {
    "": {"Classifier", "__version__", "ops", "layers", "losses", "heads", "backbones", "data"},
    "ops": {
        "softmax",
        "log_softmax",
        "pseudo_softmax",
        "log_pseudo_softmax",
        "gumbel_softmax",
        "log_gumbel_softmax",
        "taylor_softmax",
        "sparsemax",
        "entmax15",
        "entmax",
    },
    "layers": {
        "Softmax",
        "LogSoftmax",
        "PseudoSoftmax",
        "TaylorSoftmax",
        "GumbelSoftmax",
        "LogGumbelSoftmax",
        "Sparsemax",
        "Entmax15",
        "Entmax",
        "MultiHeadAttention",
    },
    "losses": {
        "NegativeLogLikelihood",
        "SoftmaxCrossEntropy",
        "PseudoSoftmaxLoss",
        "SparsemaxLoss",
        "Entmax15Loss",
        "EntmaxLoss",
        "MulticlassHinge",
    },
    "heads": {
        *("Head", "SoftmaxHead", "Complexity", "get", "names"),
        *("HierarchicalSoftmax", "AdaptiveSoftmax", "SampledSoftmax", "taxonomy", "kind"),
        *("RowSGD", "RowAdagrad", "RowAdam"),
    },
    "backbones": {
        *("linear", "simple_cnn", "tiny_vgg", "resnet12", "cnn", "resnet9", "wide_resnet"),
        *("efficientnet_lite0", "efficientnet"),
        *("vit_tiny", "vit", "cct_2", "cct", "vit_pretrained"),
        *("get", "names"),
    },
}


def part(path):
    """The package's part that a file or a dotted name belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    """Dotted names that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ["kerasoft", *path.relative_to(ROOT).parts[:-1]]
            start = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*start, node.module] if node.module else start)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", kerasoft.__version__)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names(name):
    module = getattr(kerasoft, name) if name else kerasoft
    assert PUBLIC[name] <= set(module.__all__)
    assert all(hasattr(module, public) for public in module.__all__)
    assert list(module.__all__) == sorted(module.__all__)


def test_public_names_have_docstrings():
    for name in PUBLIC:
        module = getattr(kerasoft, name) if name else kerasoft
        for public in set(module.__all__) - {"__version__"}:
            assert (getattr(module, public).__doc__ or "").strip(), public


def test_import_registers_every_class():
    def subclasses(cls):
        for child in cls.__subclasses__():
            yield child
            yield from subclasses(child)

    bases = (kerasoft.layers.ScoreLayer, kerasoft.losses.ClassificationLoss, kerasoft.heads.Head)
    classes = [child for base in bases for child in subclasses(base)] + [kerasoft.Classifier]
    bases_between = {kerasoft.layers.Sparsemax.__base__, kerasoft.losses.SparsemaxLoss.__base__}
    bases_between |= {cls for head in bases[2:] for cls in subclasses(head) if cls.__subclasses__()}
    bases_between -= {kerasoft.heads.SoftmaxHead}  # published code's heads derive from it
    classes = [cls for cls in classes if cls.__module__.startswith("kerasoft.")]
    assert len(classes) >= 10
    for cls in set(classes) - bases_between:
        assert keras.saving.get_registered_name(cls) == f"kerasoft>{cls.__name__}"
        assert keras.saving.get_registered_object(f"kerasoft>{cls.__name__}") is cls


def test_nothing_imports_private_keras():
    for path in FILES:
        assert not [name for name in imports(path) if name.startswith("keras.src")], path


def test_imports_only_go_down():
    for path in set(FILES) - {ROOT / "__init__.py"}:
        mine = part(path)
        others = {name.split(".")[1] for name in imports(path) if name.startswith("kerasoft.")}
        if mine in BELOW:
            assert others <= BELOW[mine] | {mine}, path
        assert "published" not in others or mine == "published", path
        if mine in WINGS:
            assert not others & {"heads", "classifier", "training"}, path


def test_error_is_one_line_that_ends_with_what_came():
    error = InvalidArgumentError("`x` must be y.", x=1, message="m")
    assert isinstance(error, ValueError)
    assert str(error) == "`x` must be y. Received: x=1, message='m'"
