"""The layer kinds: one class per kind, with everything that depends on the kind.

Notation, menus, counts, formulas, drawing, export and module building call the methods of `Layer`. A new kind is a new
class in one of these modules and an entry in KINDS here, and a kernel in training/kernels.py.
"""

from hw5core.network.base_layer import Layer
from hw5core.network.layers.activate import Activate, LogSoftmax, PReLU, Softmax
from hw5core.network.layers.convolutions import Conv, ConvTranspose
from hw5core.network.layers.dense import Flatten, Linear
from hw5core.network.layers.normalisations import BatchNorm, Dropout, GroupNorm, LocalResponseNorm
from hw5core.network.layers.poolings import AdaptiveAvgPool, AvgPool, MaxPool

__all__ = [
    "KINDS",
    "Activate",
    "AdaptiveAvgPool",
    "AvgPool",
    "BatchNorm",
    "Conv",
    "ConvTranspose",
    "Dropout",
    "Flatten",
    "GroupNorm",
    "Linear",
    "LocalResponseNorm",
    "LogSoftmax",
    "MaxPool",
    "PReLU",
    "Softmax",
]

KINDS: list[type[Layer]] = [
    Conv,
    ConvTranspose,
    Activate,
    PReLU,
    MaxPool,
    AvgPool,
    AdaptiveAvgPool,
    Flatten,
    Linear,
    BatchNorm,
    GroupNorm,
    LocalResponseNorm,
    Dropout,
    Softmax,
    LogSoftmax,
]
"""All layer kinds, in the order of the menus."""
