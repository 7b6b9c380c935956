"""Tables are read as spreadsheets write them, and a broken row does not spoil the others."""

import codecs
import io
from contextlib import suppress

import pytest

from hw5core.errors import TableError
from hw5core.homework.grading.reading import MAX_CELL, MAX_ROW, Row, Table

TEXT = 'Name,conv1\nMüller,"34,944"\nÀ la carte,1\n'
ROWS = [Row(2, ("Müller", "34,944")), Row(3, ("À la carte", "1"))]


def _table(text: str | bytes) -> Table:
    return Table(io.BytesIO(text if isinstance(text, bytes) else text.encode()))


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "cp1252"),
    ],
)
def test_every_usual_encoding_is_recognised(content: bytes, encoding: str) -> None:
    table = _table(content)
    assert table.encoding == encoding
    assert table.header == ("Name", "conv1")
    assert list(table.rows()) == ROWS


def test_a_byte_that_windows_1252_does_not_have_spoils_nothing() -> None:
    assert next(_table(b"Name,conv1\nM\xfcller\x81,1\n").rows()).cells == ("Müller\ufffd", "1")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_usual_separator_and_line_end_is_recognised(separator: str, end: str) -> None:
    lines = ["Name", "conv1, or the first"], ["Anna", "1;2,3\t4"]
    text = end.join(separator.join(f'"{cell}"' for cell in cells) for cells in lines)
    table = _table(text)
    assert table.separator == separator
    assert [row.cells for row in table.rows()] == [("Anna", "1;2,3\t4")]


def test_the_line_with_which_a_spreadsheet_names_its_separator_is_no_row() -> None:
    table = _table("sep=;\r\nName;conv1\r\nAnna;1\r\n")
    assert table.header == ("Name", "conv1")
    assert list(table.rows()) == [Row(2, ("Anna", "1"))]


def test_row_numbers_are_those_of_a_spreadsheet() -> None:
    rows = list(_table('Name,conv1\n"An\nna",1\n\nBert,2\n').rows())
    assert rows == [Row(2, ("An\nna", "1")), Row(4, ("Bert", "2"))]


def test_missing_cells_at_the_end_are_empty_and_further_ones_are_reported() -> None:
    short, empty, long = _table("Name,conv1\nAnna\nBert,1,,\nCara,34,944\n").rows()
    assert short == Row(2, ("Anna", ""))
    assert empty == Row(3, ("Bert", "1"))
    assert "3 cells, but the table has 2 columns" in long.problem


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ('"Bert,2', "quote that is not closed"),
        ('"Be"rt,2', "quotes are not closed or not doubled"),
        ("Bert," + "9" * 1_000_000, f"more than {MAX_ROW:,} characters"),
        ("Bert," + "9" * (MAX_CELL + 1), f"a cell has more than {MAX_CELL:,} characters"),
        ('Bert,"' + "x\n" * (MAX_ROW // 2) + '"', f"more than {MAX_ROW:,} characters"),
    ],
)
def test_a_broken_row_is_reported_and_all_others_are_read(broken: str, problem: str) -> None:
    rows = list(_table(f"Name,conv1\nAnna,1\n{broken}\nCara,3\nDora,4\n").rows())
    assert rows[0] == Row(2, ("Anna", "1"))
    assert problem in rows[1].problem
    assert rows[1].number == 3
    assert "Bert" in rows[1].cells[0] or "Be" in rows[1].cells[0]
    assert [row.cells for row in rows[-2:]] == [("Cara", "3"), ("Dora", "4")]


def test_a_table_of_open_quotes_ends() -> None:
    rows = list(_table("Name,conv1\n" + '"Anna,1\n' * 2_000).rows())
    assert len(rows) >= 1_000
    assert any(row.problem for row in rows)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xff\xfe", b'"Name', b"a," * 400])
def test_a_table_without_a_header_says_so(content: bytes) -> None:
    with pytest.raises(TableError):
        list(_table(content).rows())


def test_any_bytes_are_read_or_refused_with_a_message() -> None:
    for seed in range(40):
        content = bytes((seed * 37 + at * at * 7) % 256 for at in range(3_000))
        with suppress(TableError):
            assert all(row.cells for row in _table(content).rows())
