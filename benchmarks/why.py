"""The two findings about sigmoid's late start on MNIST, over ten seeds and both reconstructions of the network.

First, the gradients of the first batch, with equal weights and images: how many times sigmoid's norm ReLU's is, and
what the gradient budget predicts for δ. Second, the largest share of saturated units until sigmoid's loss leaves ln 10,
for the homework's network.
"""

from collections.abc import Iterator

from benchmarks.measurement import Measurement, measured
from hw5core.data import datasets
from hw5core.data.datasets import Pool
from hw5core.homework.evidence import Saturation, saturation_of
from hw5core.network.presets import PRESETS
from hw5core.runs.config import RunConfig, race
from hw5core.runs.gradient_budget import BudgetLine, gradient_budget
from hw5core.runs.history import HistoryBuilder
from hw5core.runs.learning import Stage, learning_of
from hw5core.runs.run import Run, Status
from hw5core.training.environment import use_one_thread
from hw5core.training.layer_figures import measure_layers
from hw5core.training.loop import train

SEEDS = range(10)
NETWORKS = {"homework's": "digit-cnn", "earlier": "digit-cnn-earlier"}
_LAYERS = {"Conv2d-1": "first convolution", "Conv2d-4": "second convolution", "Linear-8": "hidden linear layer",
           "Linear-10": "last linear layer"}  # fmt: skip


def measure() -> list[Measurement]:
    """Measure both findings with every seed. Raises DataError without MNIST."""
    pool = datasets.load("mnist")
    use_one_thread()
    gradients = [one for label, preset in NETWORKS.items() for one in _gradients(pool, label, preset)]
    return [*gradients, *_saturation(pool)]


def _gradients(pool: Pool, label: str, preset: str) -> Iterator[Measurement]:
    """Compare the gradients of the first batch, layer by layer."""
    ratios: dict[str, list[float]] = {name: [] for name in _LAYERS}
    found: dict[str, list[float]] = {"measured": [], "predicted": []}
    for seed in SEEDS:
        configs = race(RunConfig(dataset="mnist", network=PRESETS[preset].text, seed=seed))
        relu, sigmoid = (measure_layers(config, pool, 0) for config in configs)
        for ours, theirs in zip(relu.weighted, sigmoid.weighted, strict=True):
            assert ours.gradient_norm is not None
            assert theirs.gradient_norm
            ratios[ours.name].append(ours.gradient_norm / theirs.gradient_norm)
        last: tuple[BudgetLine, BudgetLine] = gradient_budget(relu)[-1], gradient_budget(sigmoid)[-1]
        found["measured"].append((last[0].measured / last[1].measured) ** 0.5)
        found["predicted"].append((last[0].predicted / last[1].predicted) ** 0.5)
    for name, values in ratios.items():
        yield _with_range(
            f"{label} network, batch 0, {_LAYERS[name]}: ReLU's gradient norm / sigmoid's", values, "times"
        )
    for how, values in found.items():
        yield _with_range(
            f"{label} network, batch 0, first convolution: RMS δ of ReLU / sigmoid, {how}", values, "times"
        )


def _saturation(pool: Pool) -> Iterator[Measurement]:
    """Train sigmoid until it is better than guessing, and look at its saturated units before."""
    found = [_until_it_learns(RunConfig(dataset="mnist", activation="sigmoid", seed=seed), pool) for seed in SEEDS]
    yield _with_range(
        "sigmoid: batches until its loss leaves ln 10", [float(one.left or 0) for one in found], "batches"
    )
    for number, layer in enumerate(found[0].while_guessing):
        shares = [100 * one.while_guessing[number].share for one in found]
        yield _with_range(f"sigmoid: largest share of saturated units before, {layer.layer}", shares, "%")


def _until_it_learns(config: RunConfig, pool: Pool) -> Saturation:
    """Train one network until it is better than guessing. Raise RuntimeError if it never is."""
    builder = HistoryBuilder(config)
    run = Run(config.run_id, config, Status.RUNNING, "", 1)
    for record in train(config, pool):
        builder.add([record])
        history = builder.history(run)
        saturation = saturation_of(history) if learning_of(history).stage is Stage.LEARNING else None
        if saturation:
            return saturation
    raise RuntimeError(f"sigmoid with seed {config.seed} never became better than guessing")


def _with_range(what: str, values: list[float], unit: str) -> Measurement:
    return measured(what, values, unit, note=f"{len(values)} seeds, {min(values):.3g} to {max(values):.3g}")
