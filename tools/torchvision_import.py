"""Imports torchvision even if its compiled part cannot load.

PyPI's torchvision wheel for Linux is linked against CUDA. Beside a CPU-only torch its import fails with "operator
torchvision::nms does not exist", because its Python part refers to operators that the compiled part did not declare.
Declaring their two schemas first makes the Python parts (datasets, transforms, models) work.

Tests and benchmarks compare the app with torchvision. The app itself does not use it.
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@cache
def declare_missing_operators() -> Any:
    """Declare torchvision's operators if its own library cannot. Returns the torch library that holds them, or None.

    On a working installation a second declaration would abort the process. The cache keeps the library alive.
    """
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
