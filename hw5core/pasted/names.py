"""The full names of the libraries that programs use, and what short names usually mean."""

_SAME = {"tensorflow.keras": "keras", "tensorflow.python.keras": "keras", "tf.keras": "keras", "np": "numpy"}

USUAL_NAMES = {
    "torch": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "tf": "tensorflow",
    "keras": "keras",
    "layers": "keras.layers",
    "models": "keras.models",
    "math": "math",
    "np": "numpy",
}
"""What a name means in a text without its imports."""


def full_name(name: str) -> str:
    """Return the full name of something of a library; a library with two names has one here."""
    for longer, short in _SAME.items():
        if name == longer or name.startswith(longer + "."):
            return short + name.removeprefix(longer)
    return name[:200]
