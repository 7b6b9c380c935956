"""The lab from a terminal: `python -m hw5core params` counts, `python -m hw5core train` runs the homework's race.

Results go to standard output, progress and errors to standard error; an error ends with exit status 2.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from tqdm import tqdm

from hw5core import home
from hw5core.activations import ACTIVATIONS
from hw5core.architecture import PRESETS, ArchitectureError, parse
from hw5core.config import KNOBS, ConfigError, RunConfig, race
from hw5core.engine import Engine, EngineError
from hw5core.parameters import Count, count
from hw5core.progress import Follower, Progress, accuracy_lines
from hw5core.runs import RunStore, Status, StoreError

POLL_SECONDS = 0.2


class _CommandError(Exception):
    """Something to say on standard error before leaving with exit status 2."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the process's exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (_CommandError, ArchitectureError, ConfigError, StoreError, EngineError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
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
    training.add_argument(
        "--activations", default="relu,sigmoid", help=f"by name, with commas: {','.join(ACTIVATIONS)}"
    )
    for declared in fields(RunConfig):
        if declared.name != "activation":
            _add_knob(training, declared.name, declared.type, declared.default)
    return parser


def _command(commands: Any, name: str, help: str, run: Callable[..., None]) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    command.add_argument("--json", action="store_true", help="one JSON object on standard output, nothing else")
    command.set_defaults(command=run)
    return command


def _add_knob(parser: argparse.ArgumentParser, name: str, kind: Any, default: object) -> None:
    knob = KNOBS[name]
    parser.add_argument(
        f"--{name.replace('_', '-')}", type=kind, default=default, help=f"{knob.help} (default: {default})"
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
    chosen = {name: getattr(options, name) for name in KNOBS if name != "activation"}
    names = [name.strip() for name in options.activations.split(",")]
    configs = race(RunConfig(activation=names[0], **chosen), names)
    store = RunStore(home.store_folder())
    with _training(store, configs):
        finished = _follow(store, configs, print_lines=not options.json)
    if options.json:
        print(json.dumps({"runs": [_run_as_json(progress) for progress in finished]}))


@contextmanager
def _training(store: RunStore, configs: tuple[RunConfig, ...]) -> Iterator[None]:
    """Have the runs trained meanwhile; no workers are started for what the store has already."""
    if all((run := store.run(config.run_id)) and run.status is Status.FINISHED for config in configs):
        yield
        return
    engine = Engine(store)
    try:
        engine.start(configs)
        yield
    finally:
        engine.close()


def _follow(store: RunStore, configs: tuple[RunConfig, ...], print_lines: bool) -> list[Progress]:
    """Show the runs until each has ended; raises _CommandError with the reason when one failed."""
    followers = [Follower(store, config.run_id) for config in configs]
    printed = [0] * len(configs)
    with tqdm(total=sum(config.total_steps for config in configs), unit="batch", file=sys.stderr, disable=None) as bar:
        while True:
            stories = [progress for follower in followers if (progress := follower.read())]
            bar.n = sum(len(progress.losses) for progress in stories)
            bar.refresh()
            for number, progress in enumerate(stories):
                lines = accuracy_lines(progress)[printed[number] :] if print_lines else []
                printed[number] += len(lines)
                for line in lines:
                    bar.write(line, file=sys.stdout)
                    sys.stdout.flush()
                if progress.run.status is Status.FAILED:
                    raise _CommandError(f"{progress.run.config.label}: {progress.run.message}")
            if len(stories) == len(configs) and all(progress.run.status.over for progress in stories):
                return stories
            time.sleep(POLL_SECONDS)


def _run_as_json(progress: Progress) -> dict[str, Any]:
    epochs = [
        {
            "epoch": result.epoch,
            "test_accuracy": result.test_accuracy,
            "validation_loss": result.validation_loss,
            "seconds": result.seconds,
        }
        for result in progress.epochs
    ]
    return {"activation": progress.run.config.activation, "run_id": progress.run.run_id, "epochs": epochs}


if __name__ == "__main__":
    sys.exit(main())
