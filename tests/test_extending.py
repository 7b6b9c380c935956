"""The examples of docs/extending.md work as written: each is added to the registries that it names, and used."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import nn

from hw5core.data import datasets
from hw5core.data.datasets import DATASETS
from hw5core.errors import ArchitectureError
from hw5core.explain.drawing import drawing
from hw5core.explain.exports import csv_table, latex_table, python_code
from hw5core.network import activations, layers
from hw5core.network.activations import ACTIVATIONS
from hw5core.network.base_layer import Layer
from hw5core.network.counting import count
from hw5core.network.layers import KINDS
from hw5core.network.notation import parse
from hw5core.runs.config import RunConfig
from hw5core.runs.history import history_of
from hw5core.runs.learning import learning_caption
from hw5core.runs.records import BatchLosses, EpochResult
from hw5core.runs.run import Run, Status
from hw5core.training import kernels
from hw5core.training.backprop import Backprop
from hw5core.training.inputs import batch_indices, standardise
from hw5core.training.kernels import ACTIVATION_KERNELS, KERNELS
from hw5core.training.loop import train
from hw5core.training.module_kernel import ModuleKernel
from hw5core.training.module_report import module_report
from hw5core.training.modules import build, initial_network
from pages.parts.shared import server
from tests.autograd import assert_trains_as_with_autograd
from tests.docs.markdown import sections
from tests.inline_engine import InlineEngine
from tools.live import ROOT

NETWORK = "1x16x16 conv4k3 layernorm softsign avgpool2 layernormnobias flatten linear4"


def _code(heading: str) -> list[str]:
    """Return the Python blocks below a heading of the document."""
    (section,) = (one for one in sections(ROOT / "docs" / "extending.md") if one.heading == heading)
    return [text for language, text in section.blocks if language == "python"]


def _evaluate(code: str, module: Any) -> Any:
    """Evaluate an entry in the namespace of the module into which a reader would write it."""
    return eval(code, dict(vars(module)))  # our own documentation


def _execute(code: str, module: Any) -> dict[str, Any]:
    """Execute a class definition in the namespace of the module into which a reader would write it."""
    namespace = dict(vars(module))
    exec(code, namespace)  # our own documentation
    return namespace


@pytest.fixture
def activation(monkeypatch: pytest.MonkeyPatch) -> None:
    entry, kernel = _code("An activation")
    added = _evaluate(entry, activations)
    monkeypatch.setitem(ACTIVATIONS, added.name, added)
    for module, pair in _evaluate(f"{{{kernel}}}", kernels).items():
        monkeypatch.setitem(ACTIVATION_KERNELS, module, pair)


@pytest.fixture
def kind() -> Iterator[type[Layer]]:
    """The layer kind of the document, in KINDS but without its kernel."""
    added: type[Layer] = _execute(_code("A layer kind")[0], layers)["LayerNorm"]
    KINDS.append(added)
    yield added
    KINDS.remove(added)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel of the document's layer kind."""
    _, definition, entry = _code("A layer kind")
    namespace = _execute(definition, kernels)
    for module, added in eval(f"{{{entry}}}", namespace).items():
        monkeypatch.setitem(KERNELS, module, added)


@pytest.fixture
def dataset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The name of the document's dataset. Its files hold noise, brighter in each class."""
    ((name, added),) = _evaluate(f"{{{_code('A dataset')[0]}}}", datasets).items()
    monkeypatch.setitem(DATASETS, name, added)
    monkeypatch.setenv("HW5_DATA", str(tmp_path))
    ((images, labels),) = added.source.pairs
    generator = np.random.default_rng(0)
    classes = generator.integers(0, added.classes, added.images, np.uint8)
    pixels = generator.integers(0, 64, (added.images, *added.shape)) + 60 * classes[:, None, None, None]
    images_path, labels_path = (added.source.path(tmp_path, file) for file in (images, labels))
    images_path.parent.mkdir(parents=True)
    images_path.write_bytes(bytes(16) + pixels.astype(np.uint8).tobytes())
    labels_path.write_bytes(bytes(8) + classes.tobytes())
    return str(name)


@pytest.mark.usefixtures("activation", "kind")
def test_the_activation_and_the_layer_kind_are_counted_drawn_and_exported() -> None:
    architecture = parse(NETWORK)
    assert str(architecture) == NETWORK
    counted = count(architecture)
    assert counted.misfit is None
    assert [row.parameters for row in counted.rows[1:5]] == [2 * 4 * 14 * 14, 0, 0, 4 * 7 * 7]
    report = module_report(NETWORK)
    assert all(report.agrees(row) for row in counted.rows)
    assert "14\\cdot 14+4\\cdot 14\\cdot 14" in latex_table(counted)
    assert "LayerNorm-2,4x14x14,1568" in csv_table(counted)
    ElementTree.fromstring(drawing(counted))
    exported: dict[str, Any] = {"__name__": "exported"}
    exec(python_code(counted), exported)
    with torch.device("meta"):
        assert str(exported["build"]()) == str(build(architecture))


@pytest.mark.usefixtures("activation", "kind")
def test_the_count_page_shows_and_offers_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "engine", InlineEngine)
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.query_params["net"] = NETWORK
    page.run()
    assert not page.exception
    assert not page.error
    components = " ".join(component.proto.json for component in page.get("bidi_component"))
    assert "LayerNorm-2" in components
    assert '["layernorm", "layer normalisation"]' in components
    assert '["softsign", "softsign"]' in components


@pytest.mark.usefixtures("activation")
def test_the_activation_is_computed_for_arrays_as_in_torch() -> None:
    softsign, points = ACTIVATIONS["softsign"], torch.linspace(-3, 3, 13, dtype=torch.float64, requires_grad=True)
    values = nn.Softsign()(points)
    (slopes,) = torch.autograd.grad(values.sum(), points)
    np.testing.assert_allclose(softsign.value(points.detach().numpy()), values.detach().numpy())
    np.testing.assert_allclose(softsign.slope(points.detach().numpy()), slopes.numpy())


@pytest.mark.usefixtures("activation", "kind", "kernel")
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_they_train_as_with_autograd(momentum: float) -> None:
    assert_trains_as_with_autograd(parse(NETWORK), momentum=momentum, steps=3)


@pytest.mark.usefixtures("activation", "kind")
def test_autograd_can_compute_the_layer_kind_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "`nn.LayerNorm: ModuleKernel`" in (ROOT / "docs" / "extending.md").read_text()
    monkeypatch.setitem(KERNELS, nn.LayerNorm, ModuleKernel)
    assert_trains_as_with_autograd(parse(NETWORK), steps=3)


@pytest.mark.usefixtures("activation", "kind")
def test_without_its_kernel_the_layer_kind_is_refused_by_name() -> None:
    with pytest.raises(ArchitectureError, match="LayerNorm cannot be trained"):
        Backprop(build(parse(NETWORK)), 0.1)


@pytest.mark.usefixtures("activation", "kind", "kernel")
def test_a_run_trains_them_on_the_dataset(dataset: str) -> None:
    config = RunConfig(dataset=dataset, network=NETWORK, activation="softsign", epochs=2, learning_rate=0.05)
    assert config.label == "softsign"
    pool = datasets.load(dataset)
    records = list(train(config, pool))
    losses = [loss for record in records if isinstance(record, BatchLosses) for loss in record.losses]
    assert len(losses) == config.total_steps == 240
    chosen = batch_indices(config, len(pool.labels), 0)
    logits = initial_network(config.architecture, config.seed)(standardise(pool.images[chosen], dataset))
    assert losses[0] == pytest.approx(nn.CrossEntropyLoss()(logits, torch.tensor(pool.labels[chosen])).item(), rel=1e-5)
    assert np.mean(losses[-20:]) < 0.5 * math.log(4)
    assert [record.test_accuracy > 50 for record in records if isinstance(record, EpochResult)] == [True, True]
    history = history_of(Run(config.run_id, config, Status.FINISHED, "", 1), records)
    assert "is below ln 4 − 0.1" in learning_caption(history)


def test_a_missing_file_of_the_dataset_is_named(dataset: str, tmp_path: Path) -> None:
    assert datasets.is_available(dataset)
    (tmp_path / "shapes" / "raw" / "labels-idx1-ubyte").unlink()
    assert not datasets.is_available(dataset)
    with pytest.raises(Exception, match=r"Only 1 of its 2 files.*put labels-idx1-ubyte"):
        datasets.load(dataset)
