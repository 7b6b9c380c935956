"""The command `grade`: gives a class points with reasons for its answers to question 1."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

from tqdm import tqdm

from hw5core.errors import OutputError, PastedTextError
from hw5core.homework.answers.check import asked_layers
from hw5core.homework.answers.matching import Asked
from hw5core.homework.grading.classes import VARIANT, Class
from hw5core.homework.grading.grades import Grade, decimal, read_points
from hw5core.homework.grading.gradescope import folder_name, results
from hw5core.homework.grading.platforms import TITLE, Export, Filled
from hw5core.homework.grading.students import GradedClass
from hw5core.homework.grading.writing import TableWriter
from hw5core.network.counting import Count
from hw5core.runs.spreadsheet import cleaned
from hw5core.strict_json import to_json
from hw5core.terminal import networks
from hw5core.terminal.files import check_paths, opened, written

_PROGRESS_ROWS = 500
_SHOWN = 20
"""How many errors the terminal shows."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("table", metavar="CLASS.csv", type=Path, help="a table with one row per student")
    networks.add_options(command, required=False)
    command.add_argument(
        "--variants",
        metavar="COLUMN",
        nargs="?",
        const=VARIANT,
        help="each student has their own variant of the network (default: the homework's), by the name, number or code "
        "in this column (default: variant)",
    )
    command.add_argument(
        "--points", type=_points, metavar="POINTS", help="the points of the homework (default: one per layer)"
    )
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="GRADED.csv",
        help="the table to write, with points and reasons",
    )
    command.add_argument(
        "--fill",
        nargs=2,
        type=Path,
        metavar=("EXPORT.csv", "FILLED.csv"),
        help="fill the grades into the table that Canvas or Moodle has exported, and write it to the second file",
    )
    command.add_argument(
        "--title", default=TITLE, help=f"the assignment in Canvas, or the new grade item in Moodle (default: {TITLE})"
    )
    command.add_argument(
        "--gradescope",
        type=Path,
        metavar="FOLDER",
        help="write Gradescope's results.json for each student below this folder",
    )


def run(options: argparse.Namespace) -> int:
    """Write the graded table, and the platform's. Return 0 if every student has a grade in both, else 1.

    Raises LabError.
    """
    code = [Path(options.code)] if options.code else []
    export, filled_table = (options.fill[:1], options.fill[1:]) if options.fill else ([], [])
    check_paths([options.table, *code, *export], [options.output, *filled_table])
    counted, asked = _network(options)
    layers = sum(bool(one.right) for one in asked)
    most = Fraction(layers) if options.points is None else options.points
    with opened(options.table) as file:
        graded = Class(file, counted, asked, most, options.variants)
        with _progress(options.table, graded) as advance, written(options.output, "utf-8-sig") as output:
            students = GradedClass(graded.columns.students)
            for row, grade in graded.write(TableWriter(output, graded.table.separator)):
                advance()
                if options.fill:
                    students.add(row, grade)
                if options.gradescope:
                    _write_results(options.gradescope / folder_name(graded.columns.students, row), grade, most)
    filled = _fill(options, students, most) if options.fill else None
    _print_summary(graded, filled, options)
    return 1 if graded.summary.without_grade or (filled and filled.unmatched) else 0


def _fill(options: argparse.Namespace, students: GradedClass, most: Fraction) -> Filled:
    """Fill the platform's table. Raises TableError and OutputError."""
    source, target = options.fill
    with opened(source) as file:
        export = Export(file, options.title, most)
        with written(target, export.encoding) as output:
            return export.fill(students, output)


def _write_results(folder: Path, grade: Grade, most: Fraction) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(results(grade, most), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from None


def _network(options: argparse.Namespace) -> tuple[Count, Sequence[Asked]]:
    if not (options.preset or options.net or options.code or options.variants):
        raise PastedTextError("a network is missing: name one with --preset, --net or --code, or use --variants")
    if not options.code:
        counted = networks.count_named(options)
        return counted, asked_layers(counted)
    if options.variants is not None:
        raise PastedTextError("--variants needs --preset or --net: code has no variants")
    reading = networks.read_sound_code(options)
    return reading.count, asked_layers(reading.count, reading)


def _points(text: str) -> Fraction:
    points = read_points(text.replace(",", "."))
    if points is None:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number of points that is more than 0, such as 12.5")
    return points


@contextmanager
def _progress(path: Path, graded: Class) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal. Yield what moves it after each row."""
    with tqdm(total=path.stat().st_size, unit="B", unit_scale=True, desc="grade", disable=None) as bar:

        def advance() -> None:
            if graded.summary.students % _PROGRESS_ROWS == 0:
                bar.update(graded.table.position() - bar.n)

        yield advance
        bar.update(graded.table.position() - bar.n)


def _print_summary(graded: Class, filled: Filled | None, options: argparse.Namespace) -> None:
    summary, mistakes = graded.summary, graded.grader.mistakes.most_common()
    mean = "" if summary.mean is None else decimal(summary.mean * graded.most)
    broken = [
        {"row": row.number, "starts": cleaned("".join(row.cells)), "problem": row.problem} for row in summary.broken
    ]
    if options.json:
        numbers = {"students": summary.students, "graded": summary.graded, "without_grade": summary.without_grade}
        points = {"mean": float(mean) if mean else None, "of": float(graded.most)}
        summed = {**numbers, **points, "mistakes": dict(mistakes), "broken": broken}
        print(to_json(summed | ({"filled": asdict(filled)} if filled else {})))
    else:
        print(f"{options.output}: {summary.graded:,} of {summary.students:,} students have a grade")
        if mean:
            print(f"mean: {mean} of {decimal(graded.most)} points")
        for code, times in mistakes:
            print(f"{times:>8,}  {code}")
        if filled:
            print(f"{options.fill[1]}: {filled.written:,} grades for {filled.platform}. {filled.advice}")
            print(f"students of the platform without answers in the class: {filled.without_answers:,}")
    rows = [f"row {one['row']}: {one['problem']}" for one in broken]
    _print_errors(rows, summary.without_grade, "see the column reasons")
    if filled:
        errors = [f"not matched: {one}" for one in filled.unmatched]
        _print_errors(errors, len(errors), "--json lists all")


def _print_errors(errors: Sequence[str], number: int, more: str) -> None:
    """Print the first of `number` errors, how many others there are, and where these are listed."""
    for error in errors[:_SHOWN]:
        print(f"error: {error}", file=sys.stderr)
    if number > _SHOWN:
        print(f"error: and {number - _SHOWN:,} more: {more}", file=sys.stderr)
