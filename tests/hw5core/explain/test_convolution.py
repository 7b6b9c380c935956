"""The demonstrated convolution agrees with PyTorch's, and the digit with scikit-learn's."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from hw5core.explain.convolution import DIGIT, demonstrate
from hw5core.network.fields import Sides
from hw5core.network.layers import Conv


def test_the_digit_is_scikit_learns() -> None:
    assert load_digits().images[3].astype(int).tolist() == [list(row) for row in DIGIT]


def _sides(lowest: int, highest: int) -> st.SearchStrategy[Sides]:
    number = st.integers(lowest, highest)
    return number | st.tuples(number, number)


@given(
    st.builds(
        Conv,
        st.just(8),
        _sides(1, 12),
        _sides(1, 6),
        _sides(0, 6) | st.just("same"),
        _sides(1, 4),
        bias=st.booleans(),
    )
)
def test_every_sum_agrees_with_pytorch(conv: Conv) -> None:
    shown = demonstrate(conv)
    if shown is None or (conv.padding == "same" and conv.stride != 1):
        return
    image, weights = (torch.tensor(grid, dtype=torch.float64)[None, None] for grid in (shown.image, shown.weights))
    bias = torch.tensor([shown.bias], dtype=torch.float64)
    expected = torch.nn.functional.conv2d(image, weights, bias, conv.stride, conv.padding, conv.dilation)
    assert torch.equal(torch.tensor(shown.output, dtype=torch.float64), expected[0, 0])


@pytest.mark.parametrize("conv", [Conv(96, 11, 4), Conv(256, 5, 1, 1), Conv(384, 3, 1, 1), Conv(256, 3, 4)])
def test_the_homeworks_convolutions_are_demonstrated(conv: Conv) -> None:
    shown = demonstrate(conv)
    assert shown is not None
    assert len(shown.output) >= 3


@pytest.mark.parametrize("conv", [Conv(1, 512, padding=512), Conv(1, 1, padding=512), Conv(1, 15, dilation=512)])
def test_a_layer_that_is_too_large_is_not_demonstrated(conv: Conv) -> None:
    assert demonstrate(conv) is None
