"""The command `params`: counts a preset, a network in one line, or the network of pasted code."""

import argparse
import sys
from typing import Any

from hw5core.network.counting import Count
from hw5core.pasted.reading import Problem, Reading, shape_in_words
from hw5core.strict_json import to_json
from hw5core.terminal import networks


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    networks.add_options(command)


def run(options: argparse.Namespace) -> int:
    """Print the counts, and return the exit status: 2 if the code has a problem. Raises LabError."""
    if options.code:
        return _count_code(options)
    counted = networks.count_named(options)
    print(to_json(_as_json(counted)) if options.json else _as_text(counted))
    return 0


def _count_code(options: argparse.Namespace) -> int:
    reading = networks.read_code(options)
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
        (row.name, shape_in_words(row.output_shape), f"{row.parameters:,}", place)
        for row, place in zip(counted.rows, places, strict=True)
    ]
    rows = [("layer", "output", "parameters", "in the code" if reading else ""), *rows, ("total", "", f"{total:,}", "")]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = (f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d}" for a, b, c, d in rows)
    return "\n".join(line.rstrip() for line in lines)
