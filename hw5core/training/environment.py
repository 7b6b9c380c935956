"""The environment of a training: everything outside the config that decides how the numbers are rounded.

A sum of floats depends on the order of its terms, and the order depends on the kernels that torch and its libraries
select for the processor. With equal environments, the same config gives the same numbers bit for bit.
"""

import hashlib
import os
import platform
import re
from functools import cache

import numpy as np
import torch

KERNEL_VARIABLES = (
    "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "ONEDNN_CPU_ISA_HINTS", "MKL_CBWR",
    "MKL_DEBUG_CPU_TYPE", "MKL_ENABLE_INSTRUCTIONS",
)  # fmt: skip
"""The environment variables with which a user can make torch, oneDNN and MKL select other kernels."""


OWN_KERNELS = "5"
"""The version of the kernels in hw5core/training. Increase it with every change to the last bits of their results.

A receipt without a version is of version 1, which used PyTorch's convolutions everywhere.
"""


def use_one_thread() -> None:
    """Let torch use one thread in this process. More threads make a small training step slower."""
    torch.set_num_threads(1)


def environment() -> dict[str, str]:
    """Return the environment of this process as texts by name, for the record RunStarted."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "processor": _processor(),
        "torch build": _torch_build(),
        "kernels": _kernels(),
        "own kernels": OWN_KERNELS,
        "threads": str(torch.get_num_threads()),
    }


@cache
def _processor() -> str:
    """Return the name of the processor, its second-level cache, and a hash of its features.

    A virtual machine may hide the exact model. Most models differ in their features.
    """
    known = torch.cpu.get_capabilities()
    features = sorted(name for name, is_there in known.items() if is_there is True)
    digest = hashlib.sha256(" ".join(features).encode()).hexdigest()[:8]
    name = str(known.get("cpu_name") or platform.processor() or platform.machine())
    cache_size = known.get("l2_cache_size")
    return ", ".join([name, *([f"{cache_size // 1024:,} KiB L2 cache"] if cache_size else []), f"features {digest}"])


@cache
def _torch_build() -> str:
    """Return the commit of torch, and the versions of the libraries that compute for it."""
    text = torch.__config__.show()
    libraries = {"MKL": r"Math Kernel Library Version ([\d.]+)", "oneDNN": r"MKL-DNN v([\d.]+)"}
    versions = [f"{name} {found[1]}" for name, pattern in libraries.items() if (found := re.search(pattern, text))]
    return ", ".join([torch.version.git_version[:12], *versions])


def _kernels() -> str:
    """Return the instruction set of torch's own kernels, and the variables that select others."""
    chosen = [f"{name}={value}" for name in KERNEL_VARIABLES if (value := os.environ.get(name))]
    fast = "oneDNN" if torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled else "no oneDNN"
    return ", ".join([torch.backends.cpu.get_cpu_capability(), fast, *chosen])
