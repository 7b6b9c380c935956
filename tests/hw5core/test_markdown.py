"""Tables in Markdown, read back by Markdown's own rules."""

import re

import pytest

from hw5core.markdown import markdown_table


def test_a_table_has_a_head_a_rule_and_one_line_per_row() -> None:
    table = markdown_table(["layer", "parameters"], [["Conv2d-1", "70"], ["total", "70"]], align="lr")
    assert table == "| layer | parameters |\n| :-- | --: |\n| Conv2d-1 | 70 |\n| total | 70 |"


def test_columns_are_not_aligned_unless_asked() -> None:
    assert markdown_table(["a", "b"], []).splitlines()[1] == "| --- | --- |"


@pytest.mark.parametrize("text", ["a|b", "|", "a\nb", "a\r\n| b", "**bold** | $x$"])
def test_a_pipe_or_a_line_break_stays_inside_its_cell(text: str) -> None:
    lines = markdown_table(["a", "b"], [[text, "end"]]).splitlines()
    assert len(lines) == 3
    cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", lines[2])[1:-1]]
    assert cells == [" ".join(text.splitlines()), "end"]


@pytest.mark.parametrize(("rows", "align"), [([["1"]], ""), ([["1", "2", "3"]], ""), ([], "l")])
def test_a_row_of_another_length_is_an_error(rows: list[list[str]], align: str) -> None:
    with pytest.raises(ValueError, match="2 columns"):
        markdown_table(["a", "b"], rows, align)
