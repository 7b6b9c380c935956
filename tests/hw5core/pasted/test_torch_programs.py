"""Programs in PyTorch are read as PyTorch builds them. The oracle is PyTorch itself, which runs our own programs."""

import re
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import nn

from hw5core.errors import PastedTextError
from hw5core.explain.exports import python_code
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.presets import PRESETS
from hw5core.pasted.read import read
from hw5core.pasted.reading import apply_fix
from tests.hw5core.pasted.programs import LENET, PROGRAMS
from tests.hw5core.pasted.torchvision_programs import TORCHVISION
from tests.strategies import architectures
from tools.torchvision_import import declare_missing_operators


def _build(text: str) -> nn.Module:
    """Run one of our own programs and return its network."""
    namespace: dict[str, Any] = {"__name__": "pasted"}
    with torch.device("meta"):
        exec(text, namespace)
    return namespace["model"].eval()


def _shapes(model: nn.Module, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the shapes that the layers of a network put out, in the order in which they run."""
    shapes: list[tuple[int, ...]] = []
    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _, __, output: shapes.append(tuple(output.shape[1:])))
    with torch.device("meta"):
        shapes.append(tuple(model(torch.empty(2, *shape)).shape[1:]))
    return shapes


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_has_the_parameters_and_shapes_that_pytorch_reports(name: str) -> None:
    text, shape = PROGRAMS[name]
    reading, model = read(text, shape), _build(text)
    assert reading.problems == ()
    assert reading.library == "PyTorch"
    assert reading.parameters == sum(parameter.numel() for parameter in model.parameters())
    ours = iter([row.output_shape for row in reading.count.rows])
    assert all(theirs in ours for theirs in _shapes(model, shape)[:-1])
    assert reading.count.output_shape == _shapes(model, shape)[-1]


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_networks_have_their_parameters(name: str) -> None:
    declared = declare_missing_operators()  # kept alive while torchvision is used
    from torchvision import models

    reading = read(TORCHVISION[name])
    with torch.device("meta"):
        model = getattr(models, name)()
    assert declared is None or declared
    assert reading.problems == ()
    assert reading.input_shape == (3, 224, 224)
    assert reading.parameters == sum(parameter.numel() for parameter in model.parameters())
    shapes = _shapes(model.eval(), (3, 224, 224))
    # torchvision flattens with a function, which has no module.
    assert [row.output_shape for row in reading.count.rows if row.name.split("-")[0] != "Flatten"] == shapes[:-1]


@pytest.mark.parametrize("name", [name for name, (_, shape) in PROGRAMS.items() if shape[1] == shape[2]])
def test_the_guessed_input_fits(name: str) -> None:
    reading = read(PROGRAMS[name][0])
    assert reading.problems == ()
    assert reading.input_origin == "a guess that fits"
    with torch.device("meta"):
        _build(PROGRAMS[name][0])(torch.empty(2, *reading.input_shape))


@settings(max_examples=100)
@given(architectures())
def test_our_export_is_read_back_as_the_same_network(architecture: Architecture) -> None:
    reading = read(python_code(count(architecture)))
    assert reading.problems == ()
    assert reading.network == architecture


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "empty"])
def test_the_export_of_each_preset_is_read_back(name: str) -> None:
    assert read(python_code(count(PRESETS[name].architecture))).network == PRESETS[name].architecture


NOTEBOOK = f"!pip install torch\n%matplotlib inline\n```python{LENET}```\nsummary(model, (1, 32, 32))"
WITHOUT_CLASS = LENET[LENET.index("        self.conv1") : LENET.index("model =")]
METHODS = LENET[LENET.index("    def __init__") : LENET.index("model =")]
LAYERS = "nn.Conv2d(1, 6, 5), nn.ReLU(),\nnn.Flatten(),\nnn.Linear(6 * 24 * 24, 10)"


@pytest.mark.parametrize("text", [NOTEBOOK, WITHOUT_CLASS, METHODS.replace("classes)", "10)")])
def test_parts_of_files_and_notebooks_are_read(text: str) -> None:
    reading = read(text.replace("classes)", "10)"))
    assert reading.problems == ()
    assert reading.parameters == 61_706
    line = text.split("\n")[reading.layers[0].line - 1]
    span = reading.layers[0].span
    assert span is not None
    assert line[span.column : span.end_column] == "nn.Conv2d(1, 6, 5)"


def test_loose_layers_are_a_network() -> None:
    assert read(LAYERS).parameters == 156 + 34_570


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LENET[: LENET.index("    def forward")], "LeNet has no forward: paste it too"),
        (
            LENET.replace("classes=10", "classes").replace("model = LeNet()", ""),
            "LeNet needs classes: add a line such as model = LeNet(classes=…)",
        ),
        ("model = timm.create_model('vit')", "Line 1: timm is not defined in the text"),
        (
            "layers = [nn.ReLU() for n in (1, 2) if deep]\nmodel = nn.Sequential(*layers)",
            "which items are chosen is not",
        ),
        ("layers = [nn.Flatten(), *more]\nmodel = nn.Sequential(*layers)", "the items after the star are not known"),
    ],
)
def test_what_is_missing_is_named(text: str, message: str) -> None:
    with pytest.raises(PastedTextError, match=re.escape(message)):
        read(text)


def test_a_side_that_nobody_uses_is_no_guess() -> None:
    reading = read(LENET.replace("16 * 5 * 5", "16 * 6 * 6"))
    assert (reading.input_shape, reading.input_origin) == ((1, 28, 28), "a guess")
    assert reading.problems[0].fitting_input == (1, 36, 36)


def test_layers_have_their_names_and_lines_in_the_program() -> None:
    reading = read(LENET)
    lines = LENET.split("\n")
    named = {layer.name: lines[layer.line - 1] for layer in reading.layers}
    assert list(named) == ["conv1", "F.relu", "pool", "conv2", "x.view", "fc1", "fc2", "fc3"]
    assert all(name in line for name, line in named.items())


def test_names_inside_other_modules_have_their_path() -> None:
    names = [layer.name for layer in read(PROGRAMS["blocks"][0]).layers]
    assert names[:4] == ["first.body.0", "first.body.1", "first.body.2", "second.body.0"]
    assert read(PROGRAMS["sequential"][0]).layers[0].name == "0.conv1"


def test_a_layer_that_is_used_twice_counts_once_and_is_named() -> None:
    reading = read(PROGRAMS["shared"][0])
    assert [layer.shared for layer in reading.layers if layer.name == "again"] == [False, True]
    assert reading.count.parameters - reading.parameters == 4 * 4 * 9 + 4
    assert any(note.startswith("again is used more than once") for note in reading.notes)


def test_a_layer_that_is_never_used_is_named_with_its_parameters() -> None:
    reading = read(LENET.replace("self.fc2(x)", "x"))
    assert "fc2 (line 16) is never used, but PyTorch counts its 10,164 parameters." in reading.notes


FC1 = "16 * 5 * 5, 120"


@pytest.mark.parametrize(
    ("old", "new", "shape", "message"),
    [
        (
            FC1,
            "256, 120",
            (1, 32, 32),
            "Line 15, fc1 expects 256 features, but an input of 1x32x32 arrives as 16x5x5 = 400. "
            "Write nn.Linear(400, 120), or use 1x28x28.",
        ),
        ("Conv2d(6, 16", "Conv2d(16, 16", (1, 32, 32), "Line 14, conv2 expects 16 channels, conv1 outputs 6."),
        ("Linear(120, 84", "Linear(100, 84", (1, 32, 32), "Line 16, fc2 expects 100 features, fc1 outputs 120."),
        ("Conv2d(1, 6", "Conv2d(3, 6", (1, 32, 32), "conv1 expects 3 channels, but the input 1x32x32 has 1."),
        ("view(-1, 16 * 5 * 5)", "view(-1, 256)", (1, 32, 32), "x.view makes rows of 256 features, but an input of"),
        ("x = x.view(-1, 16 * 5 * 5)\n", "\n", (1, 32, 32), "fc1 takes rows of features, but 16x5x5 arrives."),
        ("x.view(-1, 16 * 5 * 5)", "torch.flatten(x)", (1, 32, 32), "write 1 instead of 0"),
        ("nn.MaxPool2d(2", "nn.Maxpool2d(2", (1, 32, 32), "there is no Maxpool2d here: write MaxPool2d"),
        ("nn.Linear(84", "nn.Liner(84", (1, 32, 32), "there is no Liner here: write Linear"),
    ],
)
def test_a_wrong_number_is_named_marked_and_corrected_by_its_fix(
    old: str, new: str, shape: tuple[int, int, int], message: str
) -> None:
    assert old in LENET
    text = LENET.replace(old, new)
    reading = read(text, shape)
    assert message in str(reading.problems[0])
    problem, right = reading.problems[0], read(LENET, shape)
    assert reading.layers == right.layers[: len(reading.layers)] or problem.span is not None
    for _ in range(4):  # a wrong number may hide another
        if not reading.problems:
            break
        fix = reading.problems[0].fix
        assert fix is not None
        text = apply_fix(text, fix)
        reading = read(text, shape)
    assert reading.problems == ()
    assert reading.network == right.network or problem.fitting_input


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "from torch.nn import Conv2D as C\nmodel = nn.Sequential(C(1, 6, 5))",
            "there is no Conv2D here: write Conv2d",
        ),
        (
            "from keras.layers import Conv2d as C\nmodel = Sequential([C(6, 5)])",
            "there is no Conv2d here: write Conv2D",
        ),
        (
            "B = nn.BatchNorm1d\nmodel = nn.Sequential(nn.Conv2d(1, 6, 5), B(6))",
            "BatchNorm1d does not take an input of",
        ),
    ],
)
def test_a_wrong_class_under_another_name_is_marked_and_nothing_else_is_replaced(text: str, message: str) -> None:
    problem = read(text, (1, 28, 28)).problems[0]
    assert message in str(problem)
    assert problem.fix is None
    assert problem.span is not None
    assert text.split("\n")[1][problem.span.column : problem.span.end_column] in ("C", "B")


def test_the_input_that_is_offered_fits() -> None:
    reading = read(LENET, (1, 28, 28))
    assert [problem.fitting_input for problem in reading.problems] == [(1, 32, 32), (1, 32, 32)]
    assert read(LENET, (1, 32, 32)).problems == ()
    reading = read(LENET, (1, 4, 4))
    assert "conv1 does not fit: kernel 5 does not fit a 4x4 input" in str(reading.problems[0])
    assert reading.problems[0].fitting_input == (1, 28, 28)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x = self.pool(x) + x", "two branches meet"),
        ("x = self.lstm(x)", "LSTM cannot be counted"),
        ("x = torch.cat([x, x], 1)", "torch.cat is not understood"),
        ("x = x.permute(0, 2, 3, 1)", "is not understood"),
        ("x = self.missing(x)", "is not understood"),
    ],
)
def test_what_is_not_understood_is_named_and_the_layers_before_it_are_counted(line: str, message: str) -> None:
    text = LENET.replace("x = x.view", f"{line}\n        x = x.view")
    text = text.replace("        self.fc2", "        self.lstm = nn.LSTM(3, 4)\n        self.fc2")
    reading = read(text, (1, 32, 32))
    assert message in str(reading.problems[-1])
    assert reading.parameters == 156 + 2416
    assert text.split("\n")[reading.problems[-1].line - 1].strip() in (line, "self.lstm = nn.LSTM(3, 4)")


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ("hidden_layers()", "hidden_layers is not defined in the text"),
        ("[nn.Linear(120, 120) for n in (1, 2) if deep]", "which items are chosen is not known"),
        ("[*hidden]", "the items after the star are not known"),
        ("1", "the modules are not known"),
    ],
)
def test_a_list_of_layers_that_is_not_known_is_a_problem_with_its_reason(layers: str, reason: str) -> None:
    text = LENET.replace("        self.fc2", f"        self.hidden = nn.ModuleList({layers})\n        self.fc2")
    text = text.replace("x = F.relu(self.fc2(x))", "for layer in self.hidden:\n            x = layer(x)")
    reading = read(text, (1, 32, 32))
    (problem,) = reading.problems
    assert text.split("\n")[problem.line - 1].strip() == f"self.hidden = nn.ModuleList({layers})"
    assert reason in str(problem)
    assert reading.parameters == 156 + 2416 + 48120


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("for layer in 3: x = layer(x)", "what the “for” goes through is not known"),
        ("for layer in others(x): x = layer(x)", "others is not defined in the text"),
        ("if self.deep: x = self.fc2(x)", "which part of the “if” runs is not known"),
        ("if x > 3: return self.fc2(x)", "“x > 3”: this comparison is not understood"),
        ("while True: x = self.fc2(x)", "this statement is not understood"),
        ("while True: x = self.conv2(x).data", "this statement is not understood"),
    ],
)
def test_a_statement_that_cannot_be_followed_keeps_the_layers_before_it(statement: str, reason: str) -> None:
    reading = read(LENET.replace("x = x.view", f"{statement}\n        x = x.view"), (1, 32, 32))
    (problem,) = reading.problems
    assert reason in str(problem)
    assert reading.parameters == 156 + 2416


@pytest.mark.parametrize(
    ("first", "last"),
    [
        # A residual block whose shortcut is not known.
        ("shortcut = x\n        if self.down: shortcut = self.down(x)", "x += shortcut"),
        ("act = F.relu\n        if x.mean() > 0: act = F.tanh", "x = act(x)"),
        ("", "if self.deep: y = self.fc2(x)\n        x = y"),
    ],
)
def test_layers_between_a_statement_that_cannot_be_followed_and_its_use_are_counted(first: str, last: str) -> None:
    text = LENET.replace("    def forward(self, x):\n", f"    def forward(self, x):\n        {first}\n")
    text = text.replace("        x = x.view", f"        {last}\n        x = x.view")
    text = text.replace("        self.fc2", "        self.down = nn.Sequential(nn.Conv2d(1, 1, 1))\n        self.fc2")
    reading = read(text, (1, 32, 32))
    assert len(reading.problems) == 1
    assert reading.parameters == 156 + 2416


def test_a_list_of_layers_may_start_empty_or_be_chosen_by_known_conditions() -> None:
    for layers in ("", "[nn.Linear(120, n) for n in (120, 84) if n > 84 if n < 200]"):
        text = LENET.replace("        self.fc2", f"        self.hidden = nn.ModuleList({layers})\n        self.fc2")
        text = text.replace(
            "x = F.relu(self.fc2(x))", "for h in self.hidden:\n            x = h(x)\n        x = self.fc2(x)"
        )
        reading = read(text, (1, 32, 32))
        assert reading.problems == ()
        assert reading.parameters == 61_706 + (14_520 if layers else 0)
