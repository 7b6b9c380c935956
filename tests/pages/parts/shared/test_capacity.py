"""How many visitors a server takes."""

import os
import re
import subprocess
import sys

import pytest

from pages.parts.shared.capacity import ENOUGH_FILES, capacity
from pages.parts.shared.streamlit_internals import FILES_PER_KEPT_SESSION, FILES_PER_SESSION
from tools.live import ROOT


@pytest.mark.parametrize("files", [256, 1_024, 4_096, 20_000, ENOUGH_FILES])
def test_visitors_never_need_more_files_than_there_are(files: int) -> None:
    most = capacity(files)
    for_loading = most.connections - most.sessions
    needed = FILES_PER_SESSION * most.sessions + for_loading + FILES_PER_KEPT_SESSION * most.kept
    assert needed <= files - 100
    assert 1 <= most.per_address < most.sessions < most.connections


def test_a_lecture_hall_of_a_thousand_may_share_an_address() -> None:
    assert capacity(8_192).per_address >= 1_000


def test_the_documented_numbers_hold() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d,]+)(?: or more)? \| ([\d,]+) \| ([\d,]+) \|$", text, re.MULTILINE)
    numbers = [[int(number.replace(",", "")) for number in row] for row in rows]
    assert len(numbers) == 4
    for files, sessions, per_address in numbers:
        assert (capacity(files).sessions, capacity(files).per_address) == (sessions, per_address)


def test_any_limit_leaves_room_for_somebody() -> None:
    assert min(capacity(1).sessions, capacity(1).per_address, capacity(1).kept) >= 1


@pytest.mark.skipif(os.name == "nt", reason="Windows does not limit open files")
def test_the_limit_of_open_files_is_raised_as_far_as_the_system_allows() -> None:
    script = """
import resource
from pages.parts.shared.capacity import raise_file_limit
print(raise_file_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE), raise_file_limit())
"""
    limited = 'ulimit -n 400; ulimit -S -n 300; exec "$0" "$@"'
    command = ["sh", "-c", limited, sys.executable, "-c", script]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["400"] * 4
