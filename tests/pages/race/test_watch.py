"""How often a race is drawn for those who watch it."""

from pages.race.watch import pace

MOST_A_SECOND = 40
"""What a server on two cores answers while both networks train beside it."""


def test_however_many_watch_they_do_not_ask_for_more_than_can_be_answered() -> None:
    assert all(viewers / pace(viewers) <= MOST_A_SECOND for viewers in range(1, 321))


def test_the_more_watch_the_longer_each_waits_but_never_ten_seconds() -> None:
    waits = [pace(viewers) for viewers in range(1, 1000)]
    assert waits == sorted(waits)
    assert waits[0] == 0.5
    assert waits[-1] < 10
