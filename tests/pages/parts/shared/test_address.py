"""The address of a visitor: what many guests share, and what nobody can invent."""

import pytest

from pages.parts.shared.address import counted_address


@pytest.mark.parametrize(
    ("known", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
        ("", ""),
        ("127.0.0.1", ""),
        ("127.9.9.9", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("unix:", ""),
        ("<script>", ""),
    ],
)
def test_the_address_under_which_a_visitor_counts(known: str | None, counted: str) -> None:
    assert counted_address(known, is_forwarded=False) == counted


def test_a_forwarded_address_counts_only_behind_a_proxy_that_the_operator_has_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HW5_PROXY", raising=False)
    assert counted_address("192.0.2.7", is_forwarded=True) == ""
    monkeypatch.setenv("HW5_PROXY", "0")
    assert counted_address("192.0.2.7", is_forwarded=True) == ""
    monkeypatch.setenv("HW5_PROXY", "1")
    assert counted_address("192.0.2.7", is_forwarded=True) == "192.0.2.7"
