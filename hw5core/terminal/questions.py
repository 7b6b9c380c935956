"""The command `questions`: writes a question bank for Moodle about variants of a network."""

import argparse
from pathlib import Path

from hw5core.errors import PastedTextError
from hw5core.homework.grading.platforms import TITLE
from hw5core.homework.grading.question_bank import question_bank
from hw5core.strict_json import to_json
from hw5core.terminal import networks, race_options
from hw5core.terminal.files import written


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    networks.add_options(command)
    command.add_argument(
        "--variants", type=race_options.whole, default=20, help="the number of variants of the network (default: 20)"
    )
    command.add_argument("--title", default=TITLE, help=f"the category of the questions (default: {TITLE})")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="BANK.xml", help="the file to write")


def run(options: argparse.Namespace) -> int:
    """Write the question bank, and return the exit status 0. Raises LabError."""
    if options.code:
        raise PastedTextError("variants need --preset or --net: code has no variants")
    counted = networks.count_named(options)
    with written(options.output, "utf-8") as output:
        for piece in question_bank(counted.architecture, options.variants, options.title):
            output.write(piece)
    questions = options.variants * sum(bool(row.parameters) for row in counted.rows)
    if options.json:
        print(to_json({"file": str(options.output), "variants": options.variants, "questions": questions}))
    else:
        print(
            f"{options.output}: {questions:,} questions. Import it in Moodle's question bank in the Moodle XML format."
        )
    return 0
