"""What the columns of a class's table mean: answers, and who a student is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from hw5core.errors import TableError
from hw5core.homework.answers.arithmetic import UnreadableError
from hw5core.homework.answers.matching import Asked, Special, find, looks_like_a_layer, spelled_out


class Identity(Enum):
    """What identifies a student, in the order in which platforms are matched."""

    ID = "ID"
    NUMBER = "student number"
    LOGIN = "login"
    NAME = "name"


_IDENTITIES = {
    Identity.ID: ("id", "canvas id", "canvas user id", "identifier"),
    Identity.NUMBER: (
        "sis user id",
        "sis id",
        "id number",
        "student id",
        "student number",
        "matriculation number",
        "matrikelnummer",
        "number",
    ),
    Identity.LOGIN: (
        "sis login id",
        "login id",
        "login",
        "username",
        "user name",
        "email address",
        "email",
        "e-mail",
        "e-mail address",
    ),
    Identity.NAME: ("student", "name", "full name", "student name"),
}
_KIND = {header: identity for identity, headers in _IDENTITIES.items() for header in headers}
_FIRST = ("first name", "given name", "vorname")
_LAST = ("last name", "surname", "family name", "nachname")
_TEXT = ("answers", "answer", "response", "online text", "text")
_NUMBERED = re.compile(r"(?:response|answer|question|q)\s*#?([0-9]{1,3})")


@dataclass(frozen=True)
class Students:
    """Where a table says who a student is: the columns of each identity, and those of first and last names."""

    columns: dict[Identity, tuple[int, ...]]
    first: int | None
    last: int | None

    def identities(self, cells: Sequence[str]) -> list[tuple[Identity, str]]:
        """Return all that identifies the student of a row. First and last names give both usual orders."""
        found = [(kind, spelled(kind, cells[at])) for kind, columns in self.columns.items() for at in columns]
        if self.first is not None and self.last is not None:
            first, last = cells[self.first].strip(), cells[self.last].strip()
            if first and last:
                found += [
                    (Identity.NAME, spelled(Identity.NAME, name)) for name in (f"{first} {last}", f"{last}, {first}")
                ]
        return list(dict.fromkeys(one for one in found if one[1]))


@dataclass(frozen=True)
class Columns:
    """The columns of a class's table: those of layers (by the layer's number), of the total, and of answers as text."""

    layers: dict[int, int]
    total: int | None
    text: int | None
    students: Students

    @property
    def answers(self) -> set[int]:
        return {*self.layers.values(), *(at for at in (self.total, self.text) if at is not None)}


def spelled(kind: Identity, text: str) -> str:
    """Return an identity as it is compared: exactly, but without outer spaces, and logins without capitals."""
    text = text.strip()
    return text.casefold() if kind is Identity.LOGIN else text


def read_students(header: Sequence[str]) -> Students:
    """Return the columns that identify students."""
    names = [_plain(name) for name in header]
    columns: dict[Identity, tuple[int, ...]] = {}
    for at, name in enumerate(names):
        if name in _KIND:
            columns[_KIND[name]] = (*columns.get(_KIND[name], ()), at)
    return Students(columns, _column_of(names, _FIRST), _column_of(names, _LAST))


def read_columns(header: Sequence[str], asked: Sequence[Asked]) -> Columns:
    """Return what the columns mean. Raises TableError if there are no answers, or two columns for one layer."""
    layers: dict[int, int] = {}
    total = None
    counted = [one for one in asked if one.right]
    for at, (name, label) in enumerate(zip(header, spelled_out(header, asked), strict=True)):
        found = _answer_column(_plain(name), label, asked, counted)
        if found is Special.TOTAL:
            total = at if total is None else total
        elif isinstance(found, Asked):
            if found.row.number in layers:
                other = header[layers[found.row.number]]
                raise TableError(f"the columns “{other[:60]}” and “{name[:60]}” are both for {found.name}: delete one")
            layers[found.row.number] = at
    text = _column_of([_plain(name) for name in header], _TEXT)
    if not layers and text is None:
        raise TableError(
            f"no column has answers: name one for each layer, such as {counted[0].name} or layer 1, or one answers"
        )
    return Columns(layers, total, None if layers else text, read_students(header))


def _answer_column(name: str, label: str, asked: Sequence[Asked], counted: Sequence[Asked]) -> Asked | Special | None:
    """Return the layer or total whose answers a column has, None if it has no answers."""
    if name in _KIND or name in (*_FIRST, *_LAST, *_TEXT):
        return None
    if numbered := _NUMBERED.fullmatch(name):
        position = int(numbered[1])
        if 1 <= position <= len(counted):
            return counted[position - 1]
        return Special.TOTAL if position == len(counted) + 1 else None
    try:
        found = find(label, asked)
    except UnreadableError as error:
        if looks_like_a_layer(label):
            raise TableError(f"column “{name[:60]}”: {error}") from None
        return None
    if found is Special.TOTAL or (isinstance(found, Asked) and looks_like_a_layer(label)):
        return found
    return None


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _column_of(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((at for at, name in enumerate(names) if name in wanted), None)
