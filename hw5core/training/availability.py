"""Whether PyTorch can be used. Importing this module does not load it."""

from importlib.util import find_spec

from hw5core.errors import EngineError

MISSING = (
    "PyTorch is not installed on this machine, so nothing can be trained or checked with it. Counting and the recorded "
    "race work without it. To install it, run pip install -r requirements.txt. Intel Macs have no current PyTorch."
)


def check_installed() -> None:
    """Raise EngineError if PyTorch is not installed. It may still fail to load."""
    if find_spec("torch") is None:
        raise EngineError(MISSING)


def load() -> None:
    """Import PyTorch. Raise EngineError if it is not installed or cannot be loaded."""
    check_installed()
    try:
        import torch  # noqa: F401
    except (ImportError, OSError) as error:
        raise EngineError(f"PyTorch is installed on this machine but cannot be loaded: {error}") from error
