"""The command `check`: compares a student's answers with the counts, and explains every difference."""

import argparse
import sys
from typing import Any

from hw5core.errors import PastedTextError
from hw5core.homework.answers.check import Checked, CheckedSheet, asked_layers, check_text
from hw5core.homework.variants import code_of, variant, variant_number
from hw5core.network.counting import Count
from hw5core.strict_json import to_json
from hw5core.terminal import networks


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    networks.add_options(command)
    command.add_argument("--answers", metavar="FILE", help="a file with one answer per line; - reads the input")
    command.add_argument(
        "--variant",
        metavar="NAME",
        help="check the variant of the network for this name, number or code such as v042; without --answers, print it",
    )


def run(options: argparse.Namespace) -> int:
    """Print the checked answers. Return 0 if all are right, 1 if not, 2 if a line cannot be read. Raises LabError.

    Without answers, print the network of the variant.
    """
    if options.code == options.answers == "-":
        raise PastedTextError("only one of --code and --answers can read the input")
    if options.variant is not None and options.code:
        raise PastedTextError("--variant needs --preset or --net: code has no variants")
    if options.variant is None and options.answers is None:
        raise PastedTextError("--answers is missing: name a file with one answer per line, or - for the input")
    if options.code:
        reading = networks.read_sound_code(options)
        counted, asked = reading.count, asked_layers(reading.count, reading)
    else:
        counted = networks.count_named(options)
        if options.variant is not None:
            number = variant_number(options.variant)
            counted = variant(counted.architecture, number)
            if options.answers is None:
                _print_variant(number, counted, options.json)
                return 0
        asked = asked_layers(counted)
    sheet = check_text(counted, networks.read_text(options.answers), asked)
    print(to_json(_as_json(sheet)) if options.json else _as_text(sheet))
    for unread in sheet.unread:
        print(f"error: {unread}", file=sys.stderr)
    if sheet.unread:
        return 2
    return 0 if sheet.correct else 1


def _print_variant(number: int, counted: Count, as_json: bool) -> None:
    network = str(counted.architecture)
    print(to_json({"variant": code_of(number), "net": network}) if as_json else f"{code_of(number)}  {network}")


def _as_json(sheet: CheckedSheet) -> dict[str, Any]:
    lines = [{"layer": line.layer, **_answer_as_json(line)} for line in sheet.lines]
    return {"lines": lines, "total": _answer_as_json(sheet.total)}


def _answer_as_json(answer: Checked) -> dict[str, Any]:
    return {
        "given": answer.given,
        "right": answer.right,
        "correct": answer.correct,
        "explanations": [{"code": one.code, "message": one.message} for one in answer.explanations],
    }


def _as_text(sheet: CheckedSheet) -> str:
    """Return one line per answer, and below a wrong one its explanations."""
    answers = (*sheet.lines, sheet.total)
    names = [answer.layer or "total" for answer in answers]
    given = ["no answer" if answer.given is None else f"{answer.given:,}" for answer in answers]
    texts = []
    for answer, name, number in zip(answers, names, given, strict=True):
        if answer.correct is None:
            continue
        right = "" if answer.given == answer.right else f"  right: {answer.right:,}"
        mark = "right" if answer.correct else "WRONG"
        texts.append(f"{mark}  {name:<{max(map(len, names))}}  {number:>{max(map(len, given))}}{right}")
        texts += [f"       {one.code}: {one.message}" for one in answer.explanations]
    wrong = sum(not line.correct for line in sheet.lines)
    texts.append(f"{len(sheet.lines) - wrong} of {len(sheet.lines)} layers are right.")
    return "\n".join(texts)
