"""The one-line form is read and written without loss, and errors name the word and the reason."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw5core.errors import ArchitectureError
from hw5core.network.architecture import Architecture
from hw5core.network.base_layer import Layer
from hw5core.network.layers import KINDS, Conv, MaxPool
from hw5core.network.notation import parse, read_layer
from hw5core.network.presets import PRESETS
from tests.strategies import architectures


@given(architectures())
def test_a_written_network_is_read_back_unchanged(architecture: Architecture) -> None:
    assert parse(str(architecture)) == architecture


def test_default_values_can_be_left_out() -> None:
    assert parse("3x9x9 conv8k3s1p0d1g1 maxpool2s2").layers == (Conv(8, 3), MaxPool(2, 2))
    assert str(parse("3x9x9 conv8k3s1p0d1g1 maxpool2s2")) == "3x9x9 conv8k3 maxpool2"


def test_sides_may_differ_and_a_square_pair_is_one_number() -> None:
    text = "3x9x9 conv8k3x5s2x1p1x2d1x2 conv8k2psame maxpool2x1s1x2p1x0ceil"
    assert parse(text).layers == (
        Conv(8, (3, 5), (2, 1), (1, 2), (1, 2)),
        Conv(8, 2, padding="same"),
        MaxPool((2, 1), (1, 2), (1, 0), ceil_mode=True),
    )
    assert str(parse(text)) == text
    assert Conv(8, (3, 3)) == Conv(8, 3)
    assert str(parse("3x9x9 conv8k3x3s2x2 maxpool2x2s2x2")) == "3x9x9 conv8k3s2 maxpool2"


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("(1, 28, 28), Conv64k3, ReLU", "1x28x28 conv64k3 relu"),
        ("3×224×224 CONV64K3×5 MaxPool2", "3x224x224 conv64k3x5 maxpool2"),
        ("[3,224,224,] conv64k(3, 5),relu,  flatten(), linear(10)", "3x224x224 conv64k3x5 relu flatten linear10"),
        ("3, 224, 224, conv8k3", "3x224x224 conv8k3"),
        ("3 x 224 x 224\nconv8k3\n", "3x224x224 conv8k3"),
    ],
)
def test_other_spellings_are_read_too(text: str, usual: str) -> None:
    assert str(parse(text)) == usual


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("maxpol2", "max pooling is written maxpool2, with the options s (stride), p (padding), ceil (at the end)"),
        ("dense10", "linear is written linear10, with the options nobias (at the end)"),
        ("batchnormalization", "batch normalisation is written bn"),
        ("ConvTranspose2d", "transposed convolution is written convt32k4s2p1, with the options k (kernel size)"),
        ("GlobalAveragePooling", "adaptive average pooling is written adaptiveavgpool1"),
        ("leaky_relu", "the nearest is leakyrelu"),
        ("sigmod", "the nearest is sigmoid"),
        ("conv-3k3", "convolution is written conv64k3p1"),
        ("mish", "layers are written conv64k3p1, convt32k4s2p1, relu"),
    ],
)
def test_a_misspelt_layer_gets_the_nearest_word_with_its_options(word: str, advice: str) -> None:
    with pytest.raises(ArchitectureError, match=r"not a layer; ") as raised:
        parse(f"1x28x28 {word}")
    assert advice in str(raised.value)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_leave_out_default_values(name: str) -> None:
    assert str(PRESETS[name].architecture) == PRESETS[name].text


def test_changing_the_activation_changes_nothing_else() -> None:
    assert str(parse("1x9x9 conv2k3 relu flatten linear3 tanh").with_activation("sigmoid")) == (
        "1x9x9 conv2k3 sigmoid flatten linear3 sigmoid"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("244x244 relu", "word 1"),
        ("3x0x244", "input height must be a whole number from 1"),
        ("3x244x244 conv96", "word 2, “conv96”: convolution needs its kernel size (k), as in conv64k3p1"),
        ("3x244x244 relu conv96k11s0", "word 3, “conv96k11s0”: stride must be a whole number from 1"),
        ("3x244x244 conv-3k3", "not a layer"),
        ("3x244x244 conv9k3k3", "the kernel size (k) is given twice"),
        ("3x244x244 conv9.5k3", "not a whole number"),
        ("3x244x244 conv1" + "0" * 30 + "k3", "channels must be a whole number from 1 to 1,000,000"),
        ("3x244x244 maxpool2nobias", "has no option nobias; its options: s (stride), p (padding), ceil (at the end)"),
        ("3x244x244 maxpool2psame", "max pooling has no option psame"),
        ("3x244x244 conv8k3g2x2", "groups is one number, not 2x2"),
        ("3x244x244 conv8x8k3", "convolution has no option x8"),
        ("3x244x244 conv8k3x513", "kernel size must be a whole number from 1 to 512, not 513"),
        ("3x244x244 conv8k3x5x7", "convolution has no option x7"),
        ("3x244x244 maxpool2x2.5", "2.5 is not a whole number"),
        ("3x244x244 conv8k3ssame", "has no option ssame"),
        ("3x244x244 maxpool2d2", "max pooling has no option d2"),
        ("3x244x244 dropout1.5", "from 0 to 1"),
        ("3x244x244 dropout0.1.2", "0.1.2 is not a number"),
        ("3x244x244 <script>alert(1)</script>", "not a layer"),
        ("3x244x244 ｃｏｎｖ９ｋ３", "not a layer"),
        ("٣x244x244", "word 1"),
        ("1x9x9" + " relu" * 101, "at most 100 layers"),
        ("1x9x9" + " relu" * 10_000, "at most 4,000 characters"),
    ],
)
def test_an_error_names_the_word_and_the_reason(text: str, message: str) -> None:
    with pytest.raises(ArchitectureError) as raised:
        parse(text)
    assert message in str(raised.value)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_an_architecture_error(text: str) -> None:
    with contextlib.suppress(ArchitectureError):
        parse(text)


@pytest.mark.parametrize("kind", KINDS)
def test_every_menu_entry_is_read_as_its_kind(kind: type[Layer]) -> None:
    for word in kind.menu():
        layer = read_layer(word)
        assert type(layer) is kind
        assert str(layer) == word
