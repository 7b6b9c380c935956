"""The limit per minute, as for guesses of the lecturer's secret and for votes."""

import threading

from pages.parts.shared.minute_limit import SECONDS, MinuteLimit

PER_ADDRESS, IN_TOTAL = 10, 60


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_address_has_a_number_per_minute_and_others_have_their_own() -> None:
    clock = Clock()
    limit = MinuteLimit(PER_ADDRESS, IN_TOTAL, clock)
    for _ in range(PER_ADDRESS):
        assert limit.take("one")
        clock.now += 1
    assert not limit.take("one")
    assert limit.take("other")
    clock.now = SECONDS  # the first one is a minute old
    assert limit.take("one")
    assert not limit.take("one")


def test_many_addresses_together_have_a_number_per_minute() -> None:
    clock = Clock()
    limit = MinuteLimit(PER_ADDRESS, IN_TOTAL, clock)
    assert sum(limit.take(f"address {number}") for number in range(10 * IN_TOTAL)) == IN_TOTAL
    clock.now = SECONDS
    assert limit.take("another")


def test_what_happens_at_the_same_moment_counts_too() -> None:
    limit, taken = MinuteLimit(PER_ADDRESS, IN_TOTAL), []
    threads = [threading.Thread(target=lambda: taken.append(limit.take("one"))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == PER_ADDRESS
