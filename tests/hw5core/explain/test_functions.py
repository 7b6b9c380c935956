"""What remains of a difference: exactly, also where both values round to the same number."""

from decimal import Decimal, localcontext

import pytest

from hw5core.explain.functions import input_at_which_remains, remains
from hw5core.network.activations import ACTIVATIONS

SIGMOID, RELU = ACTIVATIONS["sigmoid"], ACTIVATIONS["relu"]


def _exact_sigmoid(x: str) -> Decimal:
    return 1 / (1 + (-Decimal(x)).exp())


@pytest.mark.parametrize(("start", "end"), [("4", "5"), ("-3", "7"), ("7", "12"), ("40", "50"), ("-50", "-40")])
def test_sigmoid_leaves_what_an_exact_computation_leaves(start: str, end: str) -> None:
    with localcontext(prec=60):
        exact = float(_exact_sigmoid(end) - _exact_sigmoid(start))
    assert remains(SIGMOID, float(start), float(end)) == pytest.approx(exact, rel=1e-6)


def test_relu_leaves_all_or_nothing() -> None:
    assert remains(RELU, 4, 5) == 1
    assert remains(RELU, 40, 50) == 10
    assert remains(RELU, -5, -4) == 0
    assert remains(RELU, -0.25, 0.75) == 0.75


@pytest.mark.parametrize("difference", [0.001, 0.00001])
def test_the_input_at_which_a_difference_of_1_becomes_the_sheets_numbers(difference: float) -> None:
    found = input_at_which_remains(difference)
    assert remains(SIGMOID, found, found + 1) == pytest.approx(difference, rel=1e-4)
