"""A line's label names its layer; without a label, the order does."""

import pytest

from hw5core.homework.answers.check import asked_layers, check_text
from hw5core.homework.answers.matching import Asked, find
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS

HOMEWORK = count(PRESETS["homework"].architecture)
DIGITS = count(parse("1x28x28 conv10k5 bn relu maxpool2 conv20k5 relu maxpool2 flatten linear50 relu linear10"))


@pytest.mark.parametrize(
    "label",
    [
        "Conv2d-5",
        "conv2d-5",
        "conv3",
        "Conv 3",
        "conv_3",
        "conv2d_3",
        "third layer",
        "Third Layer",
        "3rd layer",
        "layer 3",
        "Layer three",
        "layer #3",
        "3",
        "third convolution",
        "3rd convolutional layer",
        "Convolution 3",
        "the third conv layer",
        "conv3 (256->384)",
        "self.features.conv3",
        "layer no. 3",
    ],
)
def test_every_usual_name_of_the_third_layer_finds_it(label: str) -> None:
    found = find(label, asked_layers(HOMEWORK))
    assert isinstance(found, Asked)
    assert found.name == "Conv2d-5"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("conv2", "Conv2d-5"),
        ("bn", "BatchNorm2d-2"),
        ("batch norm", "BatchNorm2d-2"),
        ("BatchNorm1", "BatchNorm2d-2"),
        ("fc1", "Linear-9"),
        ("second linear layer", "Linear-11"),
        ("dense 2", "Linear-11"),
        ("fc5", "Linear-11"),
        ("last layer", "Linear-11"),
        ("layer 2", "BatchNorm2d-2"),
        ("relu-3", "ReLU-3"),
    ],
)
def test_a_kind_and_its_position_find_a_layer(label: str, name: str) -> None:
    found = find(label, asked_layers(DIGITS))
    assert isinstance(found, Asked)
    assert found.name == name


def _given(text: str) -> dict[str, int | None]:
    sheet = check_text(HOMEWORK, text)
    assert not sheet.unread
    return {line.layer: line.given for line in sheet.lines} | {"total": sheet.total.given}


def test_numbers_alone_are_taken_in_order_and_the_last_one_is_the_total() -> None:
    assert list(_given("1\n2\n3\n4\n5").values()) == [1, 2, 3, 4, 5, None]
    assert list(_given("1\n2\n3\n4\n5\n6").values()) == [1, 2, 3, 4, 5, 6]
    assert list(_given("total 15\n1\n2\n3\n4\n5").values()) == [1, 2, 3, 4, 5, 15]


def test_one_number_per_row_of_a_summary_counts_the_layers_without_parameters_too() -> None:
    given = _given("34944\n0\n614656\n0\n885120\n0\n1327488\n0\n884992\n0\n3747200")
    assert given["Conv2d-5"] == 885_120
    assert given["ReLU-10"] == 0
    assert given["total"] == 3_747_200


def test_a_summary_of_torchsummary_is_a_right_answer() -> None:
    rows = "\n".join(f"{row.name:>20} {[-1, *row.output_shape]!s:>25} {row.parameters:,}" for row in HOMEWORK.rows)
    text = f"""{"-" * 64}
        Layer (type)               Output Shape         Param #
{"=" * 64}
{rows}
{"=" * 64}
Total params: 3,747,200
Trainable params: 3,747,200
Non-trainable params: 0
{"-" * 64}
Input size (MB): 0.68
Forward/backward pass size (MB): 56.63
"""
    assert check_text(HOMEWORK, text).correct


def test_a_summary_of_keras_is_a_right_answer() -> None:
    text = """Model: "sequential"
 conv2d (Conv2D)             (None, 24, 24, 10)        260
 batch_normalization (BatchNormalization)  (None, 24, 24, 10)  20
 re_lu (ReLU)                (None, 24, 24, 10)        0
 max_pooling2d (MaxPooling2D) (None, 12, 12, 10)       0
 conv2d_1 (Conv2D)           (None, 8, 8, 20)          5020
 max_pooling2d_1 (MaxPooling2D) (None, 4, 4, 20)       0
 flatten (Flatten)           (None, 320)               0
 dense (Dense)               (None, 50)                16050
 dropout_1 (Dropout)         (None, 50)                0
 dense_1 (Dense)             (None, 10)                510
"""
    sheet = check_text(DIGITS, text)
    assert not sheet.unread
    assert sheet.correct


def test_numbers_beyond_the_layers_with_parameters_count_all_layers() -> None:
    answers = {1: 34_944, 3: 614_656, 5: 885_120, 7: 1_327_488, 9: 884_992}
    assert check_text(HOMEWORK, "\n".join(f"Layer {at}: {given}" for at, given in answers.items())).correct
    assert check_text(HOMEWORK, "\n".join(f"{at}. {given}" for at, given in answers.items())).correct


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("conv1 34944\nlayer 8 = 3", "Line 2: there is no layer 8: the network has 5 with parameters"),
        ("conv1 34944\nfirst layer: 34944", "Line 2: Conv2d-1 has an answer already, in line 1"),
        ("1\n2\n3\n4\n5\n6\n7", "Line 7: there are more answers than layers"),
    ],
)
def test_a_line_without_a_place_is_named(text: str, reason: str) -> None:
    (unread,) = check_text(HOMEWORK, text).unread
    assert reason in str(unread)
