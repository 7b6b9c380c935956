"""The written arithmetic is computed again by Python and has to come out."""

from math import floor

from hypothesis import given

from hw5core.explain.formulas import arithmetic, arithmetic_in_words, grouped, product, shape_arithmetic
from hw5core.network.architecture import Architecture
from hw5core.network.counting import count
from hw5core.network.presets import PRESETS
from tests.strategies import architectures


def _value(latex: str) -> float:
    """Evaluate our LaTeX: digits, ·, /, +, −, brackets, floor and fractions; nothing else is in it."""
    text = latex.replace(r"\cdot", "*").replace(r"\left\lfloor", "floor(").replace(r"\right\rfloor", ")")
    text = text.replace(r"\frac{", "((").replace("}{", ")/(").replace("}", "))")
    return eval(text, {"__builtins__": {}, "floor": floor})


@given(architectures())
def test_the_arithmetic_comes_out(architecture: Architecture) -> None:
    for row in count(architecture).rows:
        if arithmetic(row):
            assert _value(arithmetic(row)) == row.parameters
            assert _value(arithmetic_in_words(row).replace("⋅", "*")) == row.parameters
            assert product(row) == f"{arithmetic(row)}={grouped(row.parameters)}"
        else:
            assert row.parameters == 0


@given(architectures())
def test_the_shapes_arithmetic_comes_out(architecture: Architecture) -> None:
    for row in count(architecture).rows:
        for equation in filter(None, shape_arithmetic(row).split(r",\;")):
            formula, _, result = equation.rpartition("=")
            assert int(result) in row.output_shape
            assert not formula or _value(formula) == int(result)


def test_as_the_homework_writes_it() -> None:
    first, *_ = count(PRESETS["homework"].architecture).rows
    assert arithmetic(first) == r"3\cdot 96\cdot (11\cdot 11)+96"
    assert arithmetic_in_words(first) == "3 ⋅ 96 ⋅ (11 ⋅ 11) + 96"
    assert shape_arithmetic(first) == r"\left\lfloor\frac{244+2\cdot 0-1\cdot(11-1)-1}{4}\right\rfloor+1=59"
