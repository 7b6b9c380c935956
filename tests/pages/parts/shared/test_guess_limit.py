"""The limit on guesses of the lecturer's secret."""

import threading

from pages.parts.shared.guess_limit import IN_TOTAL, PER_ADDRESS, SECONDS, GuessLimit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_address_has_a_number_of_guesses_per_minute_and_others_have_their_own() -> None:
    clock = Clock()
    limit = GuessLimit(clock)
    for _ in range(PER_ADDRESS):
        assert limit.take("one")
        clock.now += 1
    assert not limit.take("one")
    assert limit.take("other")
    clock.now = SECONDS  # the first guess is a minute old
    assert limit.take("one")
    assert not limit.take("one")


def test_many_addresses_together_have_a_number_of_guesses_per_minute() -> None:
    clock = Clock()
    limit = GuessLimit(clock)
    assert sum(limit.take(f"address {number}") for number in range(10 * IN_TOTAL)) == IN_TOTAL
    clock.now = SECONDS
    assert limit.take("another")


def test_guesses_at_the_same_moment_count_too() -> None:
    limit, taken = GuessLimit(), []
    threads = [threading.Thread(target=lambda: taken.append(limit.take("one"))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == PER_ADDRESS
