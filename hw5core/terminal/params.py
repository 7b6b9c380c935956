"""The command `params`: counts a preset, a network in one line, or the network of pasted code."""

import argparse
import sys
from pathlib import Path
from typing import Any

from hw5core.errors import ArchitectureError, PastedTextError
from hw5core.network.counting import Count, count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.pasted.read import read
from hw5core.pasted.reading import Problem, Reading, read_input, shape_in_words
from hw5core.pasted.source import MAX_CHARACTERS
from hw5core.strict_json import to_json


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    network = command.add_mutually_exclusive_group(required=True)
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


def run(options: argparse.Namespace) -> int:
    """Print the counts, and return the exit status: 2 if the code has a problem. Raises LabError."""
    if options.code:
        return _count_code(options)
    counted = count(PRESETS[options.preset].architecture if options.preset else parse(options.net))
    if counted.misfit:
        raise ArchitectureError(f"layer {counted.misfit.number}: {counted.misfit.message}")
    print(to_json(_as_json(counted)) if options.json else _as_text(counted))
    return 0


def _count_code(options: argparse.Namespace) -> int:
    reading = read(_text(options.code), read_input(options.input) if options.input else None)
    if options.json:
        print(to_json(_reading_as_json(reading)))
    else:
        print(f"{reading.library}, input {shape_in_words(reading.input_shape)} ({reading.input_origin})")
        print(_as_text(reading.count, reading))
        for note in reading.notes:
            print(f"note: {note}")
    for problem in reading.problems:
        print(f"error: {problem}", file=sys.stderr)
    return 2 if reading.problems else 0


def _text(name: str) -> str:
    """Return the text of a file, or standard input for "-"."""
    try:
        if name == "-":
            return sys.stdin.read(MAX_CHARACTERS + 1)
        with Path(name).open(encoding="utf-8", errors="surrogateescape") as file:
            return file.read(MAX_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise PastedTextError(f"{name} cannot be read: {error}") from None


def _as_json(counted: Count) -> dict[str, Any]:
    layers = [
        {"name": row.name, "output_shape": list(row.output_shape), "parameters": row.parameters, "macs": row.macs}
        for row in counted.rows
    ]
    return {
        "network": str(counted.architecture),
        "layers": layers,
        "total": counted.parameters,
        "not_trained": counted.stored,
        "macs": counted.macs,
    }


def _reading_as_json(reading: Reading) -> dict[str, Any]:
    counted = _as_json(reading.count)
    for layer, made in zip(counted["layers"], reading.layers, strict=True):
        layer |= {"line": made.line, "in_code": made.name}
    return counted | {
        "total": reading.parameters,
        "library": reading.library,
        "input": shape_in_words(reading.input_shape),
        "input_origin": reading.input_origin,
        "problems": [_problem_as_json(problem) for problem in reading.problems],
        "notes": list(reading.notes),
        "ignored_lines": list(reading.ignored),
    }


def _problem_as_json(problem: Problem) -> dict[str, Any]:
    fix = problem.fix
    return {
        "line": problem.line,
        "message": str(problem),
        "fix": fix
        and {
            "line": fix.span.line,
            "column": fix.span.column,
            "end_line": fix.span.end_line,
            "end_column": fix.span.end_column,
            "replacement": fix.replacement,
        },
        "fitting_input": problem.fitting_input and shape_in_words(problem.fitting_input),
    }


def _as_text(counted: Count, reading: Reading | None = None) -> str:
    """Return the counts as a table. With a reading, each layer has its name and line in the code."""
    places = [f"line {made.line}, {made.name}" for made in reading.layers] if reading else [""] * len(counted.rows)
    total = reading.parameters if reading else counted.parameters
    rows = [
        (row.name, "x".join(map(str, row.output_shape)), f"{row.parameters:,}", place)
        for row, place in zip(counted.rows, places, strict=True)
    ]
    rows = [("layer", "output", "parameters", "in the code" if reading else ""), *rows, ("total", "", f"{total:,}", "")]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = (f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d}" for a, b, c, d in rows)
    return "\n".join(line.rstrip() for line in lines)
