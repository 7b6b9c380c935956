"""Imports torchvision even where its compiled part cannot load.

PyPI's torchvision wheel for Linux is linked against CUDA. Beside a CPU-only torch its import ends with "operator
torchvision::nms does not exist", because the Python half registers helpers for operators that the compiled half did not
declare. Declaring the two schemas first lets the pure Python parts (datasets, transforms, models) work.
"""

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def torchvision_datasets() -> ModuleType:
    """torchvision.datasets, importable on any install."""
    declare_missing_operators()
    return importlib.import_module("torchvision.datasets")


@cache
def declare_missing_operators() -> Any:
    """Declare torchvision's operators if, and only if, its own library cannot: on a healthy install a second
    declaration aborts the process. Returns the torch library that holds them, which the cache keeps alive, or None."""
    import torch

    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return None
    try:
        for compiled in Path(spec.origin).parent.glob("_C*.so"):
            torch.ops.load_library(compiled)
    except OSError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for schema in _SCHEMAS:
            library.define(schema)
        return library
    return None
