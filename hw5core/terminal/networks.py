"""The options with which a command takes a network: a preset, one line, or a file of code."""

import argparse
import sys
from pathlib import Path

from hw5core.errors import PastedTextError
from hw5core.network.counting import Count, count_fitting
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.pasted.read import read
from hw5core.pasted.reading import Reading, read_input
from hw5core.pasted.source import MAX_CHARACTERS


def add_options(command: argparse.ArgumentParser, required: bool = True) -> None:
    """Add the options for a network. They may be `required`."""
    network = command.add_mutually_exclusive_group(required=required)
    network.add_argument("--preset", choices=PRESETS, help="the name of a network")
    network.add_argument("--net", help='a network in one line, such as "1x28x28 conv10k5 relu flatten linear10"')
    network.add_argument(
        "--code",
        metavar="FILE",
        help="a file with PyTorch or Keras code, which is read but never run; - reads the input",
    )
    command.add_argument(
        "--input", metavar="1x28x28", help="the input of the network in --code (default: one that fits)"
    )


def count_named(options: argparse.Namespace) -> Count:
    """Count the network of --preset or --net, or the homework's if neither is given.

    Raises ArchitectureError if it cannot be read or a layer does not fit.
    """
    return count_fitting(parse(options.net) if options.net else PRESETS[options.preset or "homework"].architecture)


def read_code(options: argparse.Namespace) -> Reading:
    """Read the network of --code. Raises LabError."""
    return read(read_text(options.code), read_input(options.input) if options.input else None)


def read_sound_code(options: argparse.Namespace) -> Reading:
    """Read the network of --code. Raises LabError, also if one of its layers does not work."""
    reading = read_code(options)
    if reading.problems:
        raise PastedTextError(f"{options.code}: {reading.problems[0]}")
    return reading


def read_text(name: str) -> str:
    """Return the text of a file, or standard input for "-". Raises PastedTextError."""
    try:
        if name == "-":
            return sys.stdin.read(MAX_CHARACTERS + 1)
        with Path(name).open(encoding="utf-8", errors="surrogateescape") as file:
            return file.read(MAX_CHARACTERS + 1)
    except OSError as error:
        raise PastedTextError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PastedTextError(f"{name} cannot be read: it is no text in UTF-8") from None
