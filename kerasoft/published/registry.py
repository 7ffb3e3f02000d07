"""Published studies by the names that the command line uses."""

from kerasoft.errors import InvalidArgumentError
from kerasoft.published.cnn_efficientnet_vit import CNN_EFFICIENTNET_VIT
from kerasoft.published.linear import LINEAR
from kerasoft.published.resnet12 import RESNET12
from kerasoft.published.simple_cnn import SIMPLE_CNN
from kerasoft.published.study import Study
from kerasoft.published.tiny_vgg import TINY_VGG

_STUDIES = {
    study.name: study for study in (RESNET12, TINY_VGG, SIMPLE_CNN, CNN_EFFICIENTNET_VIT, LINEAR)
}


def names() -> tuple[str, ...]:
    """The names that `get` knows."""
    return tuple(_STUDIES)


def get(name: str) -> Study:
    """Returns the study of that name, with hyphens or underscores.

    Raises:
        InvalidArgumentError: If there is none.
    """
    canonical = name.replace("_", "-") if isinstance(name, str) else None
    if canonical not in _STUDIES:
        raise InvalidArgumentError(f"`study` must be one of {', '.join(names())}.", study=name)
    return _STUDIES[canonical]
