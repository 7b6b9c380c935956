"""The formulas evaluate to the counts."""

from math import ceil, floor

from hypothesis import given

from hw5core.explain.formulas import arithmetic, arithmetic_in_words, grouped, product, shape_arithmetic
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.presets import PRESETS
from tests.strategies import architectures


def _value(latex: str) -> float:
    """Return the value of a formula. It contains digits, ·, /, +, −, brackets, floor and fractions only."""
    text = latex.replace(r"\cdot", "*")
    for brackets in ("floor", "ceil"):
        text = text.replace(rf"\left\l{brackets}", f"{brackets}(").replace(rf"\right\r{brackets}", ")")
    text = text.replace(r"\frac{", "((").replace("}{", ")/(").replace("}", "))")
    return eval(text, {"__builtins__": {}, "floor": floor, "ceil": ceil})


@given(architectures())
def test_the_arithmetic_gives_the_parameters(architecture: Architecture) -> None:
    for row in count(architecture).rows:
        if arithmetic(row):
            assert _value(arithmetic(row)) == row.parameters
            assert _value(arithmetic_in_words(row).replace("⋅", "*")) == row.parameters
            assert product(row) == f"{arithmetic(row)}={grouped(row.parameters)}"
        else:
            assert row.parameters == 0


@given(architectures())
def test_the_shape_arithmetic_gives_the_output_shape(architecture: Architecture) -> None:
    for row in count(architecture).rows:
        for equation in filter(None, shape_arithmetic(row).split(r",\;")):
            formula, _, result = equation.rpartition("=")
            assert int(result) in row.output_shape
            assert not formula or _value(formula) == int(result)


def test_the_formulas_look_like_the_homeworks() -> None:
    first, *_ = count(PRESETS["homework"].architecture).rows
    assert arithmetic(first) == r"3\cdot 96\cdot (11\cdot 11)+96"
    assert arithmetic_in_words(first) == "3 ⋅ 96 ⋅ (11 ⋅ 11) + 96"
    assert shape_arithmetic(first) == r"\left\lfloor\frac{244+2\cdot 0-1\cdot(11-1)-1}{4}\right\rfloor+1=59"
