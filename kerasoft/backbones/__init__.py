"""Backbones: functions that return a Keras model from images in 0..255 to features."""

from kerasoft.backbones.adapt import adapt
from kerasoft.backbones.airbench import airbench
from kerasoft.backbones.cct import cct
from kerasoft.backbones.cct_2 import cct_2
from kerasoft.backbones.cnn import cnn
from kerasoft.backbones.efficientnet import efficientnet
from kerasoft.backbones.efficientnet_lite0 import efficientnet_lite0
from kerasoft.backbones.linear import linear
from kerasoft.backbones.registry import check_options, get, names, option_names
from kerasoft.backbones.resnet9 import resnet9
from kerasoft.backbones.resnet12 import resnet12
from kerasoft.backbones.simple_cnn import simple_cnn
from kerasoft.backbones.tiny_vgg import tiny_vgg
from kerasoft.backbones.vit import vit
from kerasoft.backbones.vit_pretrained import vit_pretrained
from kerasoft.backbones.vit_tiny import vit_tiny
from kerasoft.backbones.wide_resnet import wide_resnet

__all__ = [
    "adapt",
    "airbench",
    "cct",
    "cct_2",
    "check_options",
    "cnn",
    "efficientnet",
    "efficientnet_lite0",
    "get",
    "linear",
    "names",
    "option_names",
    "resnet12",
    "resnet9",
    "simple_cnn",
    "tiny_vgg",
    "vit",
    "vit_pretrained",
    "vit_tiny",
    "wide_resnet",
]
