"""Programs in Keras: the totals that Keras reports, and its rule for padding "same"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw5core.errors import PastedTextError
from hw5core.network.base_layer import Shape
from hw5core.pasted.read import read
from hw5core.pasted.reading import apply_fix
from tests.hw5core.pasted.keras_programs import CIFAR, KERAS, MNIST


@pytest.mark.parametrize("name", KERAS)
def test_a_program_has_the_parameters_that_keras_reports(name: str) -> None:
    text, shape, parameters = KERAS[name]
    reading = read(text)
    assert reading.problems == ()
    assert reading.library == "Keras"
    assert (reading.input_shape, reading.input_origin) == (shape, "from the code")
    assert reading.parameters == parameters


def test_layers_have_their_names_and_lines_in_the_program() -> None:
    reading = read(KERAS["functional"][0])
    assert [(layer.name, layer.line) for layer in reading.layers][:3] == [
        ("stem", 5), ("BatchNormalization", 6), ("Activation", 7),
    ]  # fmt: skip
    assert read(MNIST).layers[1].name == "Conv2D, relu"


def test_the_moving_statistics_that_keras_counts_are_mentioned() -> None:
    (note,) = [note for note in read(KERAS["functional"][0]).notes if "moving" in note]
    assert "16 more" in note


def _output(layer: str, sides: tuple[int, int]) -> Shape:
    reading = read(f"model = Sequential([Input((*{sides}, 3)), {layer}])")
    assert reading.problems == ()
    return reading.count.output_shape


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_same_padding_divides_the_sides_by_the_stride_and_rounds_up(
    sides: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]
) -> None:
    expected = tuple(-(-side // step) for side, step in zip(sides, stride, strict=True))
    for layer in (f"Conv2D(4, {kernel}, strides={stride}, padding='same')",):
        if stride == (1, 1) or all(step > 1 or size % 2 for size, step in zip(kernel, stride, strict=True)):
            assert _output(layer, sides)[1:] == expected
    if all(step > 1 or size % 2 for size, step in zip(kernel, stride, strict=True)):
        assert _output(f"MaxPool2D({kernel}, {stride}, 'same')", sides)[1:] == expected


def test_valid_padding_rounds_down() -> None:
    assert _output("AveragePooling2D()", (7, 8)) == (3, 3, 4)
    assert _output("GlobalMaxPooling2D()", (7, 8)) == (3,)
    assert _output("GlobalAveragePooling2D(keepdims=True)", (7, 8)) == (3, 1, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("layers.Conv2D(64, (3, 3)", "layers.Conv2D(64, (30, 30)", "kernel 30 does not fit a 15x15 input"),
        ("layers.Conv2D(64", "layers.Conv2d(64", "there is no Conv2d here: write Conv2D"),
        ("layers.Conv2D(64", "layers.LSTM(64", "LSTM cannot be counted"),
        ("'relu'))\nmodel.add(layers.Flatten", "'rellu'))\nmodel.add(layers.Flatten", "there is no activation rellu"),
        ("layers.MaxPooling2D((2, 2))", "layers.MaxPooling2D((2, 2), padding='half')", "padding cannot be half"),
        ("layers.Dense(10)", "layers.Dense()", "Dense needs units"),
        ("layers.Dense(10)", "layers.Dense(ten)", "ten is not defined"),
        ("model.add(layers.Flatten())\n", "", "Put a flatten before it"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, message: str) -> None:
    assert old in CIFAR
    reading = read(CIFAR.replace(old, new, 1))
    assert message in str(reading.problems[0])


@pytest.mark.parametrize("layers", ["layers_of_the_sheet", "[Flatten(), *more]", "[Dense(9) for n in (1, 2) if deep]"])
def test_layers_that_are_not_known_are_not_left_out(layers: str) -> None:
    with pytest.raises(PastedTextError, match=r"Line 1: .*not (known|defined)"):
        read(f"model = Sequential({layers})\nmodel.add(Dense(10))")


def test_a_missing_flatten_is_inserted_into_the_list() -> None:
    text = MNIST.replace("        layers.Flatten(),\n        layers.Dropout(0.5),\n", "")
    (problem,) = read(text).problems
    assert problem.fix is not None
    reading = read(apply_fix(text, problem.fix))
    assert reading.problems == ()
    assert reading.parameters == 34_826
