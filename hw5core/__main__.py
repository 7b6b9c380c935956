"""The lab from a terminal: `python -m hw5core params` counts, `train` runs the homework's race, `prewarm` has it ready
for several seeds before a lecture, `precompute` ships it with the app, and `verify` trains a receipt's batches again.

Results go to standard output, progress and errors to standard error; an error ends with exit status 2, a receipt that
does not hold with 1.
"""

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from hw5core import home
from hw5core.data.datasets import Pool
from hw5core.engine.engine import Engine
from hw5core.errors import LabError
from hw5core.markdown import markdown_table
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.counting import Count, count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from hw5core.runs import recorded
from hw5core.runs.config import SETTINGS, RunConfig, race, setting_fields
from hw5core.runs.history import RunHistory, accuracy_lines
from hw5core.runs.receipts import (
    Metric,
    compare,
    differing_hashes,
    differing_makers,
    metrics_of_receipt,
    metrics_of_records,
    read_file,
    receipt,
    verdict,
)
from hw5core.runs.records import BatchLosses, Checkpoint, Record, RunStarted
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore

POLL_SECONDS = 0.2


class _CommandError(Exception):
    """Something to say on standard error before leaving with exit status 2."""


class _NotTheSameError(Exception):
    """A receipt whose numbers are not those that training gives; its text says where they part."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the process's exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except _NotTheSameError as error:
        print(error)
        return 1
    except (_CommandError, LabError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        goes_on = "; the same command goes on from the last checkpoint" * (options.command in (_train, _prewarm))
        print(f"interrupted{goes_on}", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hw5core", description="HW5 Lab from a terminal.")
    commands = parser.add_subparsers(required=True, metavar="command")
    params = _command(commands, "params", "count a network's parameters, layer by layer", _params)
    which = params.add_mutually_exclusive_group(required=True)
    which.add_argument("--preset", choices=PRESETS, help="a network by name")
    which.add_argument("--net", help='a network in the one-line form, as in "1x28x28 conv16k3p1 relu flatten linear10"')
    training = _command(commands, "train", "train one network per activation and compare", _train)
    warming = _command(commands, "prewarm", "have the homework's race in the store before a lecture", _prewarm)
    warming.add_argument("--seeds", default="0", help="with commas: one race each (default: 0)")
    for racing, left_out in ((training, ("activation",)), (warming, ("activation", "seed"))):
        racing.add_argument(
            "--activations", default="relu,sigmoid", help=f"by name, with commas: {','.join(ACTIVATIONS)}"
        )
        racing.add_argument("--receipts", type=Path, metavar="FOLDER", help="write a receipt of each run into it")
        for declared in setting_fields():
            if declared.name not in left_out:
                _add_setting(racing, declared.name, declared.type, declared.default)
    warming.set_defaults(dataset="mnist")
    shipping = _command(
        commands, "precompute", "run the homework's race and ship it with the app, recorded", _precompute
    )
    shipping.set_defaults(receipts=None)
    checking = _command(commands, "verify", "train a receipt's first batches again and compare", _verify)
    checking.add_argument("receipt", type=Path, help="the JSON file of a run")
    checking.add_argument("--batches", type=int, default=200, help="how many to train (default: 200)")
    return parser


def _command(commands: Any, name: str, help: str, run: Callable[..., None]) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    command.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else")
    command.set_defaults(command=run)
    return command


def _add_setting(parser: argparse.ArgumentParser, name: str, kind: Any, default: object) -> None:
    setting = SETTINGS[name]
    parser.add_argument(
        f"--{name.replace('_', '-')}", type=kind, default=default, help=f"{setting.help} (default: {default})"
    )


def _params(options: argparse.Namespace) -> None:
    counted = count(PRESETS[options.preset].architecture if options.preset else parse(options.net))
    if counted.misfit:
        raise _CommandError(f"layer {counted.misfit.number}: {counted.misfit.message}")
    print(json.dumps(_count_as_json(counted)) if options.json else _count_as_text(counted))


def _count_as_json(counted: Count) -> dict[str, Any]:
    layers = [
        {"name": row.name, "output_shape": list(row.output_shape), "parameters": row.parameters, "macs": row.macs}
        for row in counted.rows
    ]
    return {
        "network": str(counted.architecture),
        "layers": layers,
        "total": counted.parameters,
        "macs": counted.macs,
    }


def _count_as_text(counted: Count) -> str:
    rows = [(row.name, "x".join(map(str, row.output_shape)), f"{row.parameters:,}") for row in counted.rows]
    rows = [("layer", "output", "parameters"), *rows, ("total", "", f"{counted.parameters:,}")]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows)


def _train(options: argparse.Namespace) -> None:
    finished = _run(_races(options, [options.seed]), options)
    if options.json:
        print(json.dumps({"runs": [_run_as_json(history) for history in finished]}))


def _prewarm(options: argparse.Namespace) -> None:
    seeds = [_whole(seed) for seed in options.seeds.split(",")]
    finished = _run(_races(options, seeds), options)
    print(json.dumps({"runs": [_run_as_json(one) for one in finished]}) if options.json else _seed_table(finished))


def _precompute(options: argparse.Namespace) -> None:
    finished = _run(recorded.RACE, options)
    recorded.write(finished)
    written = {one.config.activation: str(recorded.path_of(one.config)) for one in finished}
    print(json.dumps(written) if options.json else "\n".join(written.values()))


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _CommandError(f"seeds are whole numbers with commas between them, as in 0,1,2, not {text!r}") from None


def _races(options: argparse.Namespace, seeds: Iterable[int]) -> tuple[RunConfig, ...]:
    """One race per seed, each of one run per activation."""
    names = [name.strip() for name in options.activations.split(",")]
    chosen = {name: getattr(options, name) for name in SETTINGS if name not in ("activation", "seed")}
    configs = (RunConfig(activation=names[0], seed=seed, **chosen) for seed in seeds)
    return tuple(run for config in configs for run in race(config, names))


def _run(configs: tuple[RunConfig, ...], options: argparse.Namespace) -> list[RunHistory]:
    """Have the runs trained, or find them in the store, and write their receipts if that is wanted."""
    store = RunStore(home.store_folder())
    if store.notice:
        print(store.notice, file=sys.stderr)
    with _training(store, configs) as engine:
        finished = _follow(store, configs, engine, print_lines=options.command is _train and not options.json)
    if options.receipts:
        _write_receipts(options.receipts, finished)
    return finished


@contextmanager
def _training(store: RunStore, configs: tuple[RunConfig, ...]) -> Iterator[Engine | None]:
    """Have the runs trained meanwhile; no workers are started for what the store has already."""
    if all((run := store.run(config.run_id)) and run.status is Status.FINISHED for config in configs):
        yield None
        return
    engine = Engine(store)
    try:
        engine.start(configs)
        yield engine
    finally:
        engine.close()


def _follow(
    store: RunStore, configs: tuple[RunConfig, ...], engine: Engine | None, print_lines: bool
) -> list[RunHistory]:
    """Show the runs until each has finished; raises _CommandError with the reason when one will not."""
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
            if engine:
                _take_over(engine, histories)
            time.sleep(POLL_SECONDS)


def _read(follower: Follower) -> RunHistory:
    history = follower.read()
    if history is None:
        raise _CommandError("a run was deleted while it was waited for")
    if history.status.over and history.status is not Status.FINISHED:
        label, status, message = history.label, history.status, history.message
        raise _CommandError(f"{label}: {message or f'somebody has it {status}'}")
    return history


def _take_over(engine: Engine, histories: list[RunHistory]) -> None:
    """Go on with what another server trained until it died. Raises _CommandError while the store cannot be written."""
    if engine.trouble:
        raise _CommandError(engine.trouble)
    engine.start(history.config for history in histories if not history.status.over)


def _write_receipts(folder: Path, finished: list[RunHistory]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for history in finished:
            path = folder / f"{history.config.activation}-{history.run_id}.json"
            path.write_text(json.dumps(receipt(history)))
    except OSError as error:
        raise _CommandError(f"the receipts could not be written: {error}") from error


def _seed_table(finished: list[RunHistory]) -> str:
    """Test accuracy per activation and epoch in Markdown: the mean over the seeds, and the lowest to the highest."""
    epochs = range(finished[0].config.epochs)
    rows = []
    for label in dict.fromkeys(history.label for history in finished):
        runs = [history.epochs for history in finished if history.label == label]
        cells = [_cell([run[epoch].test_accuracy for run in runs]) for epoch in epochs]
        rows.append([f"{label}, mean of {len(runs)} (lowest to highest)", *cells])
    return markdown_table(["test accuracy, %", *(f"epoch {epoch}" for epoch in epochs)], rows)


def _cell(values: list[float]) -> str:
    return f"{sum(values) / len(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _verify(options: argparse.Namespace) -> None:
    config, plain = read_file(options.receipt)
    started, ours = _train_again(config, options.batches)
    different = differing_hashes(plain, started)
    comparison = compare(metrics_of_receipt(plain), ours)
    makers = differing_makers(plain, started)
    if options.json:
        text = json.dumps(
            {
                "different_hashes": different,
                "compared": comparison.compared,
                "parted_at": comparison.parted and comparison.parted[0].name,
                "beyond_tolerance_at": comparison.beyond and comparison.beyond[0].name,
                "computed_by": makers,
            }
        )
    else:
        text = verdict(different, comparison, makers)
    if different or comparison.beyond or not comparison.compared:
        raise _NotTheSameError(text)
    print(text)


def _train_again(config: RunConfig, batches: int) -> tuple[RunStarted, list[Metric]]:
    """Train the first batches here, in this process, as a worker does: so many, or one more if they end an epoch. Of
    a branch it is the batches from the fork on, after all those of its run before that."""
    from hw5core.data import datasets
    from hw5core.training.loop import use_one_thread

    use_one_thread()
    pool = datasets.load(config.dataset)
    told = _trained(config, pool, _checkpoint_at_fork(config, pool), batches)
    started = told[0]
    assert isinstance(started, RunStarted)
    return started, list(metrics_of_records(told))


def _checkpoint_at_fork(config: RunConfig, pool: Pool) -> Checkpoint | None:
    """Of a branch, its run trained again up to where it begins."""
    if config.fork is None:
        return None
    parent, step = config.fork.parent, config.fork.step
    told = _trained(parent, pool, _checkpoint_at_fork(parent, pool), step - parent.first_step)
    return next(record for record in told if isinstance(record, Checkpoint) and record.step == step)


def _trained(config: RunConfig, pool: Pool, resume: Checkpoint | None, batches: int) -> list[Record]:
    """What a training tells of its first so many batches, or of one more."""
    from hw5core.training.loop import train

    told: list[Record] = []
    trained = itertools.count(1)
    total = min(batches, config.total_steps - config.first_step)
    with tqdm(total=total, unit="batch", file=sys.stderr, disable=None) as bar:
        for record in train(config, pool, resume, stop=lambda: next(trained) >= batches):
            told.append(record)
            bar.update(len(record.losses) if isinstance(record, BatchLosses) else 0)
    return told


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
    return {"activation": history.config.activation, "run_id": history.run_id, "epochs": epochs}


if __name__ == "__main__":
    sys.exit(main())
