"""In which order runs are deleted for space: who needs more than their share is first, and then who changed nothing."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hw5core.store.eviction import NO_SHARES, Shares, StoredRun, in_order_of_eviction

SHARES = Shares(owner=100, address=300)


def _runs(*owners: str, address: str = "home", size: int = 40) -> list[StoredRun]:
    """Return a run for each owner. Runs later in the list have changed later."""
    return [StoredRun(f"{owner}{number}", owner, address, size, number) for number, owner in enumerate(owners)]


def _order(runs: list[StoredRun], shares: Shares = SHARES, keep: tuple[str, ...] = ()) -> str:
    return " ".join(in_order_of_eviction(runs, shares, keep))


def test_without_shares_the_order_is_that_of_the_last_changes() -> None:
    runs = _runs(*"abcab")
    assert _order(runs[::-1], NO_SHARES) == "a0 b1 c2 a3 b4"
    # A run without records has just been created.
    runs[1] = replace(runs[1], changed=float("inf"))
    assert _order(runs, NO_SHARES) == "a0 c2 a3 b4 b1"


def test_an_owner_above_the_share_loses_runs_until_it_is_kept() -> None:
    assert _order(_runs(*"bcaaaa")) == "a2 a3 b0 c1 a4 a5"


def test_many_owners_at_one_address_do_not_displace_the_runs_of_others() -> None:
    """A visitor with invented cookies has an address, and so a share."""
    others = _runs(*"abc")
    invented = [replace(run, changed=10 + run.changed) for run in _runs(*"0123456789", address="one")]
    assert _order([*others, *invented]) == "00 11 22 a0 b1 c2 33 44 55 66 77 88 99"


def test_active_runs_and_those_in_use_stay_but_count() -> None:
    runs = _runs(*"baaaa")
    runs[1] = replace(runs[1], is_active=True)
    assert _order(runs, keep=("a2",)) == "a3 a4 b0"


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xy"), st.integers(1, 200), st.booleans())),
    st.integers(0, 1000),
)
def test_nobody_within_their_share_loses_a_run_while_somebody_else_is_above_it(
    drawn: list[tuple[str, str, int, bool]], changed: int
) -> None:
    runs = [
        StoredRun(str(number), owner + address, address, size, (number * 7919 + changed) % 1000, is_active)
        for number, (owner, address, size, is_active) in enumerate(drawn)
    ]
    left = {run.run_id: run for run in runs}
    for run_id in in_order_of_eviction(runs, SHARES):
        run = left[run_id]
        assert not run.is_active

        def needs_too_much(one: StoredRun) -> bool:
            needed = sum(other.size for other in left.values() if other.owner == one.owner)
            return needed > SHARES.owner

        if any(needs_too_much(one) for one in left.values() if not one.is_active):
            assert needs_too_much(run)
        del left[run_id]
    assert all(run.is_active for run in left.values())
