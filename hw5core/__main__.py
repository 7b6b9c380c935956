"""The lab in a terminal: `python -m hw5core COMMAND`.

`params` counts parameters, `check` checks a student's answers, `grade` grades a class, `questions` writes a question
bank for Moodle, and `layers` measures the layers of untrained networks on one batch. `train` trains a race, `prewarm`
trains it for several seeds before a lecture, `precompute` trains the race that the app includes, and `verify` trains
the first batches of a receipt again. `export` writes the weights of a run to a file, and `predict` shows what they
predict for pictures. `report` writes the homework as a document.

Results go to standard output, progress and errors to standard error. The exit status is 2 after an error, 1 if an
answer is wrong, a student has no grade or a receipt differs from the training, 3 if it differs in a way that another
processor or build of PyTorch explains, 130 after Ctrl-C, 141 if nobody reads the output any more, and 0 otherwise.
"""

import argparse
import gc
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from hw5core import home
from hw5core.data.datasets import Pool
from hw5core.errors import LabError
from hw5core.markdown import markdown_table
from hw5core.runs import recorded, recorded_weights
from hw5core.runs.config import RunConfig
from hw5core.runs.history import RunHistory, accuracy_lines
from hw5core.runs.learning import learning_caption, learning_of
from hw5core.runs.receipts import (
    Metric,
    Outcome,
    compare,
    different_hashes,
    environment_differences,
    metrics_of_receipt,
    metrics_of_records,
    outcome_of,
    read_file,
    receipt,
    verdict,
)
from hw5core.runs.records import BatchLosses, Checkpoint, Record, RunStarted
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from hw5core.strict_json import to_json
from hw5core.terminal import check, export, grade, layers, params, predict, questions, race_options, report
from hw5core.training import availability

if TYPE_CHECKING:
    from hw5core.engine.engine import Engine

POLL_SECONDS = 0.2
"""How often the runs are read from the store."""


class _CommandError(LabError):
    """Report a command that cannot be carried out."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        trains = options.command in (_train, _prewarm, _precompute)
        print("interrupted" + "; the same command continues from the last checkpoint" * trains, file=sys.stderr)
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hw5core", description="HW5 Lab in a terminal.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    params.add_options(_command(commands, "params", "count the parameters of a network, layer by layer", params.run))

    check.add_options(_command(commands, "check", "check answers to question 1, and explain wrong ones", check.run))

    grade.add_options(_command(commands, "grade", "grade a class's answers to question 1, with reasons", grade.run))

    bank = "write a question bank for Moodle about variants of a network"
    questions.add_options(_command(commands, "questions", bank, questions.run))

    measured = "measure every layer of a race's networks on one batch, before it is trained"
    layers.add_options(_command(commands, "layers", measured, layers.run))

    train = _command(commands, "train", "train one network per activation, and print their test accuracies", _train)
    _add_receipts(train)
    race_options.add(train, without=("activation",))

    prewarm = _command(commands, "prewarm", "train the homework's race before a lecture, for several seeds", _prewarm)
    prewarm.add_argument("--seeds", default="0", help="one race for each of these seeds, such as 0,1,2 (default: 0)")
    _add_receipts(prewarm)
    race_options.add(prewarm, without=("activation", "seed"))
    prewarm.set_defaults(dataset="mnist")

    precompute = _command(
        commands, "precompute", "train the homework's race, and write it into the app's recorded runs", _precompute
    )
    precompute.set_defaults(receipts=None)

    verify = _command(
        commands, "verify", "train the first batches of a receipt again, and compare the numbers", _verify
    )
    verify.add_argument("receipt", type=Path, help="the receipt of a run, a JSON file")
    verify.add_argument(
        "--batches", type=race_options.whole, default=200, help="the number of batches to train (default: 200)"
    )

    export.add_options(_command(commands, "export", "write the weights of a run to a safetensors file", export.run))
    predict.add_options(_command(commands, "predict", "show what exported weights predict for pictures", predict.run))
    report.add_options(
        _command(commands, "report", "write the homework with the results of runs to a file", report.run)
    )
    return parser


def _command(commands: Any, name: str, help: str, run: Callable[..., int]) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    command.set_defaults(command=run)
    return command


def _add_receipts(command: argparse.ArgumentParser) -> None:
    command.add_argument("--receipts", type=Path, metavar="FOLDER", help="write a receipt of each run to this folder")


def _train(options: argparse.Namespace) -> int:
    finished = _run(race_options.races(options, [options.seed]), options)
    _print_captions(finished)
    if options.json:
        print(to_json({"runs": [_run_as_json(history) for history in finished]}))
    return 0


def _prewarm(options: argparse.Namespace) -> int:
    try:
        seeds = [int(seed) for seed in options.seeds.split(",")]
    except ValueError:
        raise _CommandError(f"--seeds needs whole numbers such as 0,1,2, not {options.seeds!r}") from None
    finished = _run(race_options.races(options, seeds), options)
    _print_captions(finished)
    runs = {"runs": [_run_as_json(history) for history in finished]}
    print(to_json(runs) if options.json else _seed_table(finished))
    return 0


def _precompute(options: argparse.Namespace) -> int:
    finished = _run(recorded.RACE, options)
    recorded.write(finished)
    store = RunStore(home.store_folder())
    exported = (
        export.exported(store, history, epoch)
        for history in finished
        for epoch in store.forkable_epochs(history.run_id)
    )
    early = {history.config: export.early_tensors(store, history.config) for history in finished}
    recorded_weights.write(exported, early)
    written = {history.config.activation: str(recorded.path_of(history.config)) for history in finished}
    print(to_json(written) if options.json else "\n".join(written.values()))
    return 0


def _run(configs: tuple[RunConfig, ...], options: argparse.Namespace) -> list[RunHistory]:
    """Train the runs, unless the store has them, and write their receipts if the user wants them.

    Return their histories. Raise LabError if a run does not finish.
    """
    store = RunStore(home.store_folder())
    if store.notice:
        print(store.notice, file=sys.stderr)
    with _engine_for(store, configs) as engine:
        finished = _follow(store, configs, engine, print_lines=options.command is _train and not options.json)
    if options.receipts:
        _write_receipts(options.receipts, finished)
    return finished


@contextmanager
def _engine_for(store: RunStore, configs: tuple[RunConfig, ...]) -> "Iterator[Engine | None]":
    """Train the runs during the `with` block. Start no workers if all runs are finished."""
    if all((run := store.run(config.run_id)) and run.status is Status.FINISHED for config in configs):
        store.keep(config.run_id for config in configs)
        yield None
        return
    from hw5core.engine.engine import Engine  # Dask takes longer to load than everything else together

    engine = Engine(store)
    try:
        engine.start(configs)
        yield engine
    finally:
        engine.close()


def _follow(
    store: RunStore, configs: tuple[RunConfig, ...], engine: "Engine | None", print_lines: bool
) -> list[RunHistory]:
    """Show the progress of the runs until all are finished, and return their histories.

    Raise _CommandError, with the reason, if a run does not finish.
    """
    followers = [Follower(store, config.run_id) for config in configs]
    printed = [0] * len(configs)
    with tqdm(total=sum(config.total_steps for config in configs), unit="batch", file=sys.stderr, disable=None) as bar:
        while True:
            histories = [_read(follower) for follower in followers]
            bar.n = sum(len(history.losses) for history in histories)
            bar.refresh()
            for number, history in enumerate(histories):
                lines = accuracy_lines(history)[printed[number] :] if print_lines else []
                printed[number] += len(lines)
                for line in lines:
                    bar.write(line, file=sys.stdout)
                    sys.stdout.flush()
            if all(history.status is Status.FINISHED for history in histories):
                return histories
            if engine and engine.trouble:
                raise _CommandError(engine.trouble)
            if engine:
                # Another server that trained one of them may have died.
                engine.join(history.config for history in histories if not history.status.over)
            time.sleep(POLL_SECONDS)


def _read(follower: Follower) -> RunHistory:
    """Return the run's history. Raise _CommandError if the run was deleted, paused or stopped, or has failed."""
    history = follower.read()
    if history is None:
        raise _CommandError("a run was deleted, or its rows in the store are damaged; the same command starts it again")
    if history.status.over and history.status is not Status.FINISHED:
        raise _CommandError(f"{history.label}: {history.message or f'another user has {history.status} this run'}")
    return history


def _print_captions(finished: Iterable[RunHistory]) -> None:
    """Say of each network how long it was no better than guessing, or that it diverged, on standard error."""
    for history in finished:
        if caption := learning_caption(history):
            print(f"seed {history.config.seed}: {caption}", file=sys.stderr)


def _write_receipts(folder: Path, finished: list[RunHistory]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for history in finished:
            path = folder / f"{history.config.activation}-{history.run_id}.json"
            path.write_text(to_json(receipt(history)))
    except OSError as error:
        raise _CommandError(f"the receipts could not be written: {error}") from error


def _seed_table(finished: list[RunHistory]) -> str:
    """Return a Markdown table of the test accuracy per activation and epoch: the mean over the seeds, and the range."""
    epochs = range(finished[0].config.epochs)
    rows = []
    for label in dict.fromkeys(history.label for history in finished):
        runs = [history.epochs for history in finished if history.label == label]
        cells = [_cell([run[epoch].test_accuracy for run in runs]) for epoch in epochs]
        rows.append([f"{label}, mean of {len(runs)} (lowest to highest)", *cells])
    return markdown_table(["test accuracy, %", *(f"epoch {epoch}" for epoch in epochs)], rows)


def _cell(values: list[float]) -> str:
    return f"{sum(values) / len(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _verify(options: argparse.Namespace) -> int:
    config, plain = read_file(options.receipt)
    started, metrics = _train_again(config, options.batches)
    different = different_hashes(plain, started)
    comparison = compare(metrics_of_receipt(plain), metrics)
    environment = environment_differences(plain, started)
    outcome = outcome_of(different, comparison, environment)
    if options.json:
        result = {
            "outcome": outcome,
            "different_hashes": different,
            "compared": comparison.compared,
            "parted_at": comparison.first_different and comparison.first_different[0].name,
            "beyond_tolerance_at": comparison.first_beyond and comparison.first_beyond[0].name,
            "computed_by": environment,
        }
        print(to_json(result))
    else:
        print(verdict(different, comparison, environment))
    return {Outcome.SAME: 0, Outcome.ROUNDING: 0, Outcome.OTHER_ENVIRONMENT: 3}.get(outcome, 1)


def _train_again(config: RunConfig, batches: int) -> tuple[RunStarted, list[Metric]]:
    """Train the run's first batches in this process, as a worker does. Return its first record and its metrics.

    If `batches` ends at the end of an epoch, one more batch is trained. A fork starts after its parent's batches.
    """
    availability.load()
    from hw5core.data import datasets
    from hw5core.training.environment import use_one_thread

    use_one_thread()
    pool = datasets.load(config.dataset)
    records = _first_records(config, pool, _checkpoint_at_fork(config, pool), batches)
    started = records[0]
    assert isinstance(started, RunStarted)
    return started, list(metrics_of_records(records))


def _checkpoint_at_fork(config: RunConfig, pool: Pool) -> Checkpoint | None:
    """Train a fork's parent up to the fork, and return the checkpoint there, or None if the run is not a fork."""
    if config.fork is None:
        return None
    parent, step = config.fork.parent, config.fork.step
    records = _first_records(parent, pool, _checkpoint_at_fork(parent, pool), step - parent.first_step)
    return next(record for record in records if isinstance(record, Checkpoint) and record.step == step)


def _first_records(config: RunConfig, pool: Pool, resume: Checkpoint | None, batches: int) -> list[Record]:
    """Train the first batches from the checkpoint, or one more at the end of an epoch, and return their records."""
    from hw5core.training.loop import train

    records: list[Record] = []
    trained = itertools.count(1)
    total = min(batches, config.total_steps - config.first_step)
    with tqdm(total=total, unit="batch", file=sys.stderr, disable=None) as bar:
        for record in train(config, pool, resume, stop=lambda: next(trained) >= batches):
            records.append(record)
            bar.update(len(record.losses) if isinstance(record, BatchLosses) else 0)
    return records


def _run_as_json(history: RunHistory) -> dict[str, Any]:
    epochs = [
        {
            "epoch": result.epoch,
            "test_accuracy": result.test_accuracy,
            "validation_loss": result.validation_loss,
            "seconds": result.seconds,
        }
        for result in history.epochs
    ]
    learning = learning_of(history)
    return {
        "activation": history.config.activation,
        "run_id": history.run_id,
        "epochs": epochs,
        "stage": learning.stage,
        "batches_before_better_than_guessing": learning.plateau,
        "diverged_at_batch": learning.diverged_at,
    }


if __name__ == "__main__":
    ended = main()
    # Otherwise Python looks for garbage among all objects before it ends: half a second with PyTorch.
    gc.freeze()
    sys.exit(ended)
