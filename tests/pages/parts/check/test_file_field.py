"""What a browser sends as a file is read, or gets a message."""

import base64
from typing import Any

import pytest

from hw5core.errors import TableError
from pages.parts.check.file_field import MAX_BYTES, OpenedFile, read_file


def _sent(content: bytes, name: Any = "class.csv") -> dict[str, Any]:
    return {"name": name, "content": base64.b64encode(content).decode()}


def test_a_file_arrives_with_its_name() -> None:
    assert read_file(_sent(b"Name,conv1\n")) == OpenedFile("class.csv", b"Name,conv1\n")
    assert read_file(_sent(bytes(MAX_BYTES))).content == bytes(MAX_BYTES)
    assert read_file(_sent(b"", "\u202e\0" + "x" * 500)).name == "x" * 100


@pytest.mark.parametrize(
    "sent",
    [
        None, True, 7, "x", [], {}, {"name": "a"}, {"content": "YQ=="}, {"name": 1, "content": "YQ=="},
        {"name": "a", "content": 7}, {"name": "a", "content": "é"}, {"name": "a", "content": "YQ="},
        {"name": "a", "content": ["YQ=="]}, {"name": "a", "content": "A" * 10_000_000}, _sent(bytes(MAX_BYTES + 4)),
    ],
)  # fmt: skip
def test_everything_else_gets_a_message(sent: Any) -> None:
    with pytest.raises(TableError):
        read_file(sent)
