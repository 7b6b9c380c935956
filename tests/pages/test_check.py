"""The page "Check": pasted answers, the form, hints, and errors that lose nothing."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from hw5core.homework.variants import code_of, variant, variant_number
from hw5core.network.counting import count
from hw5core.network.notation import parse
from hw5core.network.presets import PRESETS
from pages.parts.check.file_field import OpenedFile
from pages.parts.check.lecturers import Files
from tests.pages.conftest import button, html

Opened = Callable[..., AppTest]
SMALL = "3x32x32 conv8k5 relu conv16k3 relu"


def _paste(app: AppTest, text: str) -> AppTest:
    app.text_area[0].input(text)
    return button(app, "Check").click().run()


def test_the_slip_of_the_example_is_explained(open_page: Opened) -> None:
    app = button(open_page("check", net=SMALL), "Try an example").click().run()
    assert not app.exception
    assert app.text_input(key="net").value == PRESETS["homework"].text
    shown = html(app)
    assert "4 of 5" in shown
    assert "885,129 is 9 more than 885,120" in shown
    assert "Your total 3,747,200 already assumes 885,120." in shown


def test_the_network_of_the_address_is_checked_and_a_changed_network_checks_again(open_page: Opened) -> None:
    app = _paste(open_page("check", net=SMALL), "608\n1168")
    assert "2 of 2" in html(app)
    app.text_input(key="net").input(SMALL.replace("conv16k3", "conv16k3nobias")).run()
    assert "1 of 2" in html(app)
    assert app.text_area[0].value == "608\n1168"


def test_the_form_checks_the_fields_that_are_filled(open_page: Opened) -> None:
    app = open_page("check", net=SMALL)
    app.text_input(key="answer Conv2d-1").input("3 * 8 * 25")
    app.text_input(key="answer Total").input("1,768")
    button(app, "Check the form").click().run()
    shown = html(app)
    assert "You forgot the 8 biases" in shown
    assert "no answer" in shown
    assert app.text_input(key="answer Conv2d-1").value == "3 * 8 * 25"


@pytest.mark.parametrize(
    ("text", "problem"), [("nothing", "No answers found"), ("conv1: 3**", "a number is missing at the end")]
)
def test_an_unreadable_text_stays_and_says_why(open_page: Opened, text: str, problem: str) -> None:
    app = _paste(open_page("check", net=SMALL), text)
    assert problem in app.error[0].value
    assert app.text_area[0].value == text
    app = _paste(app, f"608\n1168\n{text}")
    assert "2 of 2" in html(app)


def test_a_network_that_cannot_be_read_loses_no_answer(open_page: Opened) -> None:
    app = _paste(open_page("check", net=SMALL), "608\n1168")
    app.text_input(key="net").input("3x32x32 conv8k50").run()
    assert "This network cannot be checked: layer 1: " in app.error[0].value
    assert app.text_area[0].value == "608\n1168"
    app.text_input(key="net").input(SMALL).run()
    assert "2 of 2" in html(app)


def test_a_network_without_parameters_says_what_to_add(open_page: Opened) -> None:
    app = open_page("check", net=PRESETS["empty"].text)
    assert "no layer with parameters" in app.error[0].value


def test_tags_in_an_answer_are_text(open_page: Opened) -> None:
    app = _paste(open_page("check", net=SMALL), "608\n<img src=x onerror=alert(1)> 1 $x$ [a](b)")
    assert "<img" not in html(app)
    assert "\\<img" in app.warning[0].value


def test_hints_come_in_three_steps(open_page: Opened) -> None:
    app = open_page("check", net=SMALL)
    for step, formula in enumerate((r"k^2", r"3\cdot 8", "608"), start=1):
        button(app, f"Hint {step} of 3").click().run()
        assert len(app.latex) == step
        assert formula in app.latex[-1].value
    assert button(app, "Hint 3 of 3").disabled
    app.selectbox(key="hint layer").select("Conv2d-3").run()
    assert not app.latex


def test_a_hand_in_chooses_its_first_wrong_layer_for_the_next_hint(open_page: Opened) -> None:
    app = _paste(open_page("check", net=SMALL), "608\n1169")
    assert app.selectbox(key="hint layer").value == "Conv2d-3"
    app.selectbox(key="hint layer").select("Conv2d-1").run()
    button(app, "Hint 1 of 3").click().run()
    assert app.selectbox(key="hint layer").value == "Conv2d-1"
    assert _paste(app, "607\n1169").selectbox(key="hint layer").value == "Conv2d-1"
    assert _paste(app, "608\n1169").selectbox(key="hint layer").value == "Conv2d-3"


def test_a_name_gets_its_own_variant_and_is_replaced_by_the_code(open_page: Opened) -> None:
    app = open_page("check", net=PRESETS["homework"].text)
    app.text_input(key="name or number of the student").input("Anna Müller").run()
    number = variant_number("Anna Müller")
    own = variant(PRESETS["homework"].architecture, number)
    assert app.text_input(key="name or number of the student").value == code_of(number)
    assert any(str(own.architecture) in one.value for one in app.markdown)
    assert app.query_params["variant"] in (code_of(number), [code_of(number)])
    kept = repr(app.session_state)
    assert code_of(number) in kept
    assert "Anna" not in kept
    app = _paste(app, "\n".join(f"{row.parameters}" for row in own.rows if row.parameters))
    assert "5 of 5" in html(app)


def test_a_name_of_the_longest_characters_has_a_variant(open_page: Opened) -> None:
    app = open_page("check", net=SMALL)
    app.text_input(key="name or number of the student").input("\ufdfa" * 200).run()
    assert not app.exception
    assert any("Variant **v" in one.value for one in app.markdown)


def test_a_link_opens_a_variant_and_an_impossible_one_says_why(open_page: Opened) -> None:
    app = open_page("check", net=SMALL, variant="v042")
    assert any("**v042**" in one.value for one in app.markdown)
    app = open_page("check", net="1x5x5 conv1k1", variant="v042")
    assert "no variants" in app.error[0].value


def test_a_mistyped_code_of_a_variant_gets_a_message(open_page: Opened) -> None:
    app = open_page("check", net=SMALL)
    app.text_input(key="name or number of the student").input("v9999").run()
    assert "the codes are v000 to v999" in app.error[0].value
    app.text_input(key="name or number of the student").input("v042").run()
    assert any("**v042**" in one.value for one in app.markdown)


def _lecturers(app: AppTest, table: str, export: str = "") -> AppTest:
    """Open the dialog with these files. Only a browser can open a file itself."""
    files = {"table": OpenedFile("class.csv", table.encode())} | (
        {"export": OpenedFile("export.csv", export.encode())} if export else {}
    )
    app.session_state["dialog for lecturers"] = Files(open=True, **files)
    return app.run()


def test_a_lecturer_grades_a_class_and_fills_an_export(open_page: Opened) -> None:
    table = "Student,conv1,conv2\n=Jane,608,1168\nRick,600,1168\nMax,608,1,168\n"
    export = "Student,ID,Section,HW5 (1)\nPoints Possible,,,2\nRick,7,A,\n"
    app = _lecturers(open_page("check", net=SMALL, variant="v042"), table, export)
    assert not app.exception
    shown = "\n".join(one.value for one in (*app.markdown, *app.warning))
    assert "2 of 3 students have a grade**, mean 1.5 of 2 points" in shown
    assert "Row 4 has no grade: it has 4 cells, but the table has 3 columns" in shown
    assert "Grades for Canvas: 1.**" in shown
    assert "class, row 2, =Jane: no student" in shown
    app.number_input[0].set_value(10).run()
    assert "mean 7.5 of 10 points" in "\n".join(one.value for one in app.markdown)


@pytest.mark.parametrize(
    ("table", "export", "problem"),
    [
        ("", "", "This file cannot be graded: it is empty"),
        ("Name,Note\n", "", "no column has answers"),
        ("<b>,conv1,first layer\n", "", "are both for Conv2d-1"),
        ("Name,conv1\n", "a,b\n", "This export cannot be filled: it is no export that is known"),
    ],
)
def test_a_file_that_cannot_be_graded_says_why(open_page: Opened, table: str, export: str, problem: str) -> None:
    app = _lecturers(open_page("check", net=SMALL), table, export)
    assert not app.exception
    assert problem in app.error[0].value


def test_design_golf_says_what_fails_and_puts_a_right_network_on_the_board(open_page: Opened) -> None:
    app = open_page("check", golf="3x32x32 out8x28x28 params1000")
    network = next(one for one in app.text_area if one.label == "Your network in one line")
    assert "16 x 30 x 30, 8 channels too many, 2 too high, 2 too wide" in html(app)
    assert button(app, "Put it on the board").disabled
    network.input("3x32x32 conv8k5").run()
    app.text_input(key="golf name").input("<i>Ana</i>").run()
    button(app, "Put it on the board").click().run()
    assert not app.exception
    assert "You are in place 1 of 1 with 608 parameters." in app.success[0].value
    assert "<th scope=row>iAnai (you)</th><td>608</td><td>470,400</td>" in html(app)
    next(one for one in app.text_area if one.label == "Your network in one line").input("3x32x32 conv8k3 conv8k3").run()
    button(app, "Put it on the board").click().run()
    assert "Your entry with 608 parameters is better, so it stays." in app.error[0].value
    button(app, "Clear the board").click().run()
    assert "Nobody is on the board yet." in html(app)


@pytest.mark.parametrize("golf", ["", "x", "3x32x32 <b>", "3x32x32 params" + "9" * 5_000])
def test_a_challenge_of_the_address_that_cannot_be_read_says_why(open_page: Opened, golf: str) -> None:
    app = open_page("check", golf=golf)
    assert not app.exception
    assert ["cannot be read" in one.value for one in app.error] == [True] * bool(golf)


def _class(app: AppTest) -> str:
    """Return the view of the class, in lecture mode."""
    app.query_params["lecture"] = "true"
    return html(app.run())


def test_the_class_sees_the_mistakes_of_a_hand_in_and_the_hints_before_it(open_page: Opened) -> None:
    app = button(open_page("check", net=SMALL), "Hint 1 of 3").click().run()
    app = _paste(app, "Anna: 600\n1168")
    button(app, "Hint 2 of 3").click().run()
    assert "layers right, with 1 hint<" in html(app)
    assert "bias forgotten" not in html(app), "the class is folded outside of lecture mode"
    shown = _class(app)
    assert 'data-code="bias-forgotten" aria-pressed="false"' in shown
    assert 'hints per hand-in</div><div class="hw5-number" style="color:inherit">1.0<' in shown
    assert "Anna" not in shown
    app = _paste(app, "608\n1168")
    assert "bias-forgotten" not in html(app), "a new hand-in of the same browser replaces the last one"
    assert "Nobody has made a mistake." in html(app)
    button(app, "Delete all answers of the class").click().run()
    assert "Nobody has handed in answers" in html(app)


def test_the_class_does_not_see_the_example_or_a_text_without_answers(open_page: Opened) -> None:
    app = button(open_page("check", net=SMALL), "Try an example").click().run()
    app = _paste(app, "nothing")
    app = _paste(app.run(), "nothing 1 2 3 4 5 6 7 8 9 x1y")
    assert "Nobody has handed in answers" in _class(app)


def test_a_variant_is_in_the_class_of_its_network_without_its_numbers(open_page: Opened) -> None:
    app = open_page("check", net=SMALL, variant="v042")
    own = variant(count(parse(SMALL)).architecture, 42)
    app = _paste(app, f"{own.rows[0].weights}")
    app.session_state["chosen mistake of the class"] = "bias-forgotten"
    shown = _class(app)
    assert "<td>Conv2d-1</td><td>own variant</td><td>1</td>" in shown


def test_a_hand_in_that_an_unusable_store_refuses_is_checked(
    open_page: Opened, unusable_store: Callable[[], None]
) -> None:
    app = open_page("check", net=SMALL)
    unusable_store()
    app = _paste(app, "608\n1168")
    assert not app.exception
    assert "2 of 2" in html(app)
    assert "HW5_HOME" in app.warning[0].value


def test_too_many_hand_ins_are_checked_but_not_shown(open_page: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.parts.check.class_view.HAND_INS_PER_ADDRESS", 0)
    app = _paste(open_page("check", net=SMALL), "608\n1168")
    assert "2 of 2" in html(app)
    assert "the class does not see them" in app.warning[0].value
    assert "Nobody has handed in answers" in _class(app)


def test_answers_are_checked_against_pasted_code_with_its_names(open_page: Opened) -> None:
    app = button(open_page("check", net=SMALL, variant="v042"), "Paste code").click().run()
    code = """class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.entry = nn.Conv2d(3, 8, 5)
            self.twice = nn.Conv2d(8, 8, 3)

        def forward(self, x):
            return self.twice(self.twice(F.relu(self.entry(x))))
    """
    app.text_area(key="pasted text").set_value(code)
    app.text_input(key="input of pasted code").set_value("3x32x32")
    button(app, "Read").click().run()
    button(app, "Use this network").click().run()
    assert not app.exception
    assert app.text_input(key="net").value == "3x32x32 conv8k5 relu conv8k3 conv8k3"
    assert not app.text_input(key="name or number of the student").value
    assert any("Conv2d-1, entry" in one.value for one in app.markdown)
    app = _paste(app, "twice: 584\nentry: 600\ntotal 1192")
    shown = html(app)
    assert "1 of 2" in shown, "a layer that is used twice counts once"
    assert "You forgot the 8 biases" in shown
    assert "entry" not in _class(app), "the class does not see names of the code"
    assert any("The network of your PyTorch code" in one.value for one in app.caption)
    app.text_input(key="net").input(SMALL).run()
    assert not any("The network of your" in one.value for one in app.caption)


def test_a_pasted_table_needs_a_network_that_can_be_read(open_page: Opened) -> None:
    app = button(open_page("check", net="3x32x32 conv8k50"), "Paste code").click().run()
    app.text_area(key="pasted text").set_value("Layer (type)   Output Shape  Param #\nConv2d-1 [-1, 8, 28, 28] 608\n")
    button(app, "Read").click().run()
    assert not app.exception
    assert any("nothing to compare the table with" in one.value for one in app.error)


def test_a_network_without_variants_has_a_message_instead_of_a_file_of_questions(open_page: Opened) -> None:
    app = button(open_page("check", net="1x5x5 conv1k1"), "For lecturers").click().run()
    assert "There are no questions about this network: it has no variants" in app.error[0].value
    app = button(open_page("check", net=SMALL), "For lecturers").click().run()
    assert not app.error
