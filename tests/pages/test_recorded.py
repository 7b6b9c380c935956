"""The homework's race that is shipped with the app, shown before anyone runs it on this server."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest


def test_a_first_visitor_sees_the_whole_race_marked_as_recorded(open_training: Callable[..., AppTest]) -> None:
    app = open_training(dataset="mnist")
    assert not app.exception
    assert "**Recorded** on" in app.info[0].value
    assert "not run here" in app.info[0].value
    lines = [line for code in app.code for line in code.value.splitlines()]
    assert [line.split(":")[0] for line in lines] == [
        f"{label} accuracy of epoch {epoch}" for label in ("ReLU", "sigmoid") for epoch in range(5)
    ]
    start = next(button for button in app.button if button.label == "Start the race")
    assert not start.disabled


def test_a_visitor_who_has_to_guess_first_does_not_see_it(open_training: Callable[..., AppTest]) -> None:
    app = open_training(dataset="mnist", predict="true")
    assert not app.exception
    assert not app.code
    assert "Recorded" not in " ".join(info.value for info in app.info)


def test_a_button_on_the_digits_view_opens_it(open_training: Callable[..., AppTest]) -> None:
    app = open_training()
    next(button for button in app.button if button.label.startswith("Show the homework's race")).click().run()
    assert not app.exception
    assert "**Recorded** on" in app.info[0].value
