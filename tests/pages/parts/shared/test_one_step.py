"""One step in detail: what changes the weights, with momentum and without."""

from hw5core.runs.config import RunConfig
from pages.parts.shared.one_step import update_in_words


def test_an_update_is_that_of_the_velocity_only_with_momentum() -> None:
    words = [update_in_words(RunConfig(learning_rate=0.25, momentum=momentum)) for momentum in (0, 0.5)]
    assert words == [
        "each weight changes by −0.25 times its gradient",
        "each weight changes by −0.25 times its velocity (its gradient plus 0.5 times the last velocity)",
    ]
