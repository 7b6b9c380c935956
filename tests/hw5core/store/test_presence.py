"""Presence: which servers are still running."""

from pathlib import Path

from hw5core.store.presence import Presence, is_alive


def test_a_server_is_present_until_it_closes(tmp_path: Path) -> None:
    one, other = Presence(tmp_path), Presence(tmp_path)
    assert is_alive(tmp_path, one.token)
    assert is_alive(tmp_path, other.token)
    one.close()
    assert not is_alive(tmp_path, one.token)
    assert is_alive(tmp_path, other.token)
    assert not is_alive(tmp_path, "")
