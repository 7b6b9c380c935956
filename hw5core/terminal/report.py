"""The command `report`: writes the finished homework as a document."""

import argparse
from pathlib import Path

from hw5core import home
from hw5core.errors import EngineError, ReportError
from hw5core.explain.torch_report import ModuleReport
from hw5core.homework.report.document import MAX_REMARKS
from hw5core.homework.report.writing import FORMATS, write
from hw5core.network.counting import Count
from hw5core.runs.history import RunHistory
from hw5core.runs.recorded import recorded_race
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.strict_json import to_json
from hw5core.terminal import networks
from hw5core.terminal.files import save
from hw5core.terminal.recorded_run import recorded_run
from hw5core.training import availability


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "runs", metavar="RUN", nargs="+", help="the ids of the runs of a race: `train --json` prints them"
    )
    networks.add_options(command, required=False)
    endings = ", ".join(f".{ending}" for ending in FORMATS)
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help=f"the file to write, with one of: {endings}"
    )
    command.add_argument("--name", default="", help="your name")
    command.add_argument("--remarks", type=Path, metavar="FILE", help="a text file with your remarks")


def run(options: argparse.Namespace) -> int:
    """Write the file, and return the exit status 0. Raises LabError."""
    from hw5core.homework.report.contents import report  # with Altair and pandas, which no other command needs

    format = options.output.suffix.lower().removeprefix(".")
    if format not in FORMATS:
        raise ReportError(f"A report can end in .{', .'.join(FORMATS)}, not in {options.output.suffix!r}.")
    store = RunStore(home.store_folder())
    histories = [_history(store, run_id) for run_id in dict.fromkeys(options.runs)]
    counted = _network_of_question_1(options)
    document = report(counted, _tools(counted), histories, options.name, _remarks(options.remarks))
    save(options.output, write(document, format))
    if options.json:
        print(to_json({"file": str(options.output), "missing": document.missing}))
    else:
        print("\n".join([str(options.output), *document.missing]))
    return 0


def _network_of_question_1(options: argparse.Namespace) -> Count:
    """Return the counts of the network that the options name, or of the homework's. Raises LabError."""
    return networks.read_sound_code(options).count if options.code else networks.count_named(options)


def _history(store: RunStore, run_id: str) -> RunHistory:
    """Return the run's history from the store, or that of the recorded race. Raises StoreError."""
    found = Follower(store, run_id, lean=True).read()
    return found or recorded_race((recorded_run(run_id),))[0]


def _tools(counted: Count) -> ModuleReport | str:
    """Return what both tools report on the network, or why they cannot."""
    try:
        availability.load()
    except EngineError as error:
        return str(error)
    from hw5core.training.module_report import module_report

    return module_report(str(counted.architecture))


def _remarks(path: Path | None) -> str:
    """Return the text of the file, but not much more of it than a report takes. Raise ReportError."""
    if path is None:
        return ""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.read(MAX_REMARKS + 1)
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ReportError(f"{path} cannot be read: it is no text in UTF-8") from None
