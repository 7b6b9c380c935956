"""The command `layers`: what each layer of untrained networks does in one batch, and the gradient budget."""

import argparse
from dataclasses import asdict
from typing import Any

from hw5core.data import datasets
from hw5core.markdown import markdown_table
from hw5core.runs.config import RunConfig
from hw5core.runs.gradient_budget import BudgetLine, gradient_budget
from hw5core.runs.layer_figures import BatchFigures, LayerFigures
from hw5core.strict_json import to_json
from hw5core.terminal import race_options
from hw5core.training import availability


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "--batch", type=race_options.whole, default=0, help="the number of the batch whose images are used (default: 0)"
    )
    race_options.add(command, without=("activation",))


def run(options: argparse.Namespace) -> int:
    """Print the figures, and return the exit status 0. Raises LabError."""
    availability.load()
    from hw5core.training.environment import use_one_thread
    from hw5core.training.layer_figures import measure_layers

    use_one_thread()
    configs = race_options.races(options, [options.seed])
    pool = datasets.load(configs[0].dataset)
    measured = [(config, measure_layers(config, pool, options.batch)) for config in configs]
    if options.json:
        networks = [_as_json(config, figures) for config, figures in measured]
        print(to_json({"dataset": configs[0].dataset, "batch": options.batch, "networks": networks}))
    else:
        print("\n\n".join(_as_text(config, figures) for config, figures in measured))
    return 0


def _as_json(config: RunConfig, figures: BatchFigures) -> dict[str, Any]:
    return {
        "activation": config.activation,
        "run_id": config.run_id,
        "loss": figures.loss,
        "layers": [asdict(layer) for layer in figures.layers],
        "gradient_budget": [asdict(line) for line in gradient_budget(figures)],
    }


def _as_text(config: RunConfig, figures: BatchFigures) -> str:
    head = ["layer", "mean", "std", "zero", "saturated", "RMS slope", "RMS δ", "gradient norm", "log10 update ratio"]
    layers = markdown_table(head, map(_layer_cells, figures.layers), "l" + "r" * (len(head) - 1))
    budget_head = ["from the loss back", "part", "predicted factor", "measured factor", "predicted δ²", "measured δ²"]
    budget = markdown_table(budget_head, map(_budget_cells, gradient_budget(figures)), "llrrrr")
    return f"{config.label}: loss {figures.loss:.4f} in batch {figures.step}\n\n{layers}\n\n{budget}"


def _layer_cells(layer: LayerFigures) -> list[str]:
    return [
        layer.name,
        f"{layer.mean:.3g}",
        f"{layer.deviation:.3g}",
        f"{100 * layer.zeros:.1f} %",
        "" if layer.saturated is None else f"{100 * layer.saturated:.1f} %",
        _number(layer.rms_slope),
        _number(layer.delta_square**0.5),
        _number(layer.gradient_norm),
        "" if layer.update_ratio is None else f"{layer.update_ratio:.2f}",
    ]


def _budget_cells(line: BudgetLine) -> list[str]:
    figures = (line.predicted_factor, line.measured_factor, line.predicted, line.measured)
    return [line.name, line.part, *map(_number, figures)]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
