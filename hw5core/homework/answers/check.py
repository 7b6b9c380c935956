"""Check the answers of a student: compare each with the exact count, and explain every difference.

A line is right only if its number is exactly the count, and if the written arithmetic, if there is any, gives it too. A
tolerance of 1 % would accept a forgotten bias.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hw5core.errors import PastedTextError
from hw5core.homework.answers.arithmetic import UnreadableError
from hw5core.homework.answers.lines import Unread, WrittenLine, read_lines
from hw5core.homework.answers.matching import Asked, Special, find, spelled_out
from hw5core.homework.answers.mistakes import Question, WrongCount
from hw5core.homework.answers.slips import SLIPS
from hw5core.network.counting import Count
from hw5core.pasted.reading import Reading


@dataclass(frozen=True)
class Explanation:
    """A mistake that gives the student's number: its code, and sentences for the student."""

    code: str
    message: str


@dataclass(frozen=True)
class Checked:
    """One answer, checked. `given` is None if it is missing; then `correct` is False for a layer, None for the total.

    `layer` is empty for the total. `explanations` are all that fit, the most likely first.
    """

    layer: str
    given: int | None
    right: int
    correct: bool | None
    explanations: tuple[Explanation, ...] = ()


@dataclass(frozen=True)
class CheckedSheet:
    """All answers of a student, checked: those of the layers in the order of the network, the total, and what could not
    be read."""

    lines: tuple[Checked, ...]
    total: Checked
    unread: tuple[Unread, ...] = ()

    @property
    def correct(self) -> bool:
        """True if every layer has its right answer, and the total is right or not given."""
        return all(line.correct for line in self.lines) and self.total.correct is not False


def asked_layers(counted: Count, reading: Reading | None = None) -> tuple[Asked, ...]:
    """Return the layers that answers may name. With a reading of code, they also have their names in the code."""
    if reading is None:
        return tuple(Asked(row) for row in counted.rows)
    return tuple(Asked(row, made.name, made.shared) for row, made in zip(counted.rows, reading.layers, strict=False))


def check_text(
    counted: Count,
    text: str,
    asked: Sequence[Asked] | None = None,
    questions: Mapping[int, Question] | None = None,
) -> CheckedSheet:
    """Check the answers in a text, one per line. Raises PastedTextError if it has no answers or is too long.

    `questions` are those of the layers by number. A caller that checks many texts makes them once, because
    they keep what they have computed.
    """
    asked = asked_layers(counted) if asked is None else asked
    written, unread = read_lines(text, len(asked))
    answers, total, unmatched = _assign(written, asked)
    unread = sorted([*unread, *unmatched], key=lambda one: one.number)
    if not answers and not total:
        problem = str(unread[0]) if unread else "no answers found: write one line per layer, such as conv1 = 34,944"
        raise PastedTextError(problem)
    lines = [
        check_line(
            (questions or {}).get(one.row.number) or Question(counted, one.row), one, answers.get(one.row.number)
        )
        for one in asked
        if one.right or one.row.number in answers
    ]
    return with_total(counted, sum(one.right for one in asked), lines, total, unread)


def with_total(
    counted: Count, right: int, lines: Sequence[Checked], total: WrittenLine | None, unread: Sequence[Unread] = ()
) -> CheckedSheet:
    """Return the checked answers with the checked total, whose right number is `right`."""
    checked_total = _check_total(counted, right, lines, total)
    return CheckedSheet(tuple(_with_total(line, lines, checked_total) for line in lines), checked_total, tuple(unread))


def explain(question: Question, given: int, arithmetic: int | None = None) -> tuple[Explanation, ...]:
    """Return every explanation of a wrong number, the most likely first.

    `arithmetic` is what the arithmetic beside the number gives, or None if there is none.
    """
    right = question.right
    if arithmetic == right:
        message = f"Your arithmetic is right: it gives {right:,}. You wrote {given:,} as its result."
        return (Explanation("result-slip", message), *_slips(given, right), *_wrong_counts(question, given))
    found = (*_wrong_counts(question, given), *_slips(given, right)) or tuple(_two_mistakes(question, given))
    if not found and arithmetic is not None and arithmetic != given:
        found = tuple(_of_arithmetic(question, given, arithmetic))
    return found or (Explanation("unknown", _indivisible(question, given)),)


def _assign(
    written: Sequence[WrittenLine], asked: Sequence[Asked]
) -> tuple[dict[int, WrittenLine], WrittenLine | None, list[Unread]]:
    """Return the line of each layer by the layer's number, that of the total, and the lines without a place."""
    answers: dict[int, WrittenLine] = {}
    total: WrittenLine | None = None
    unread: list[Unread] = []
    in_order: list[WrittenLine] = []
    for line, label in zip(written, spelled_out([line.label for line in written], asked), strict=True):
        try:
            found = find(label, asked)
        except UnreadableError as error:
            if line.given:  # a summary lists layers without parameters, such as Keras's max_pooling2d
                unread.append(Unread(line.number, str(error)))
            continue
        match found:
            case Special.TOTAL:
                # A summary prints the total and the trainable parameters; they are equal, or the first one counts.
                total = total or line
            case Asked():
                earlier = answers.setdefault(found.row.number, line)
                if earlier is not line:
                    problem = f"{found.name} has an answer already, in line {earlier.number}: delete one of them"
                    unread.append(Unread(line.number, problem))
            case None if line.given or not label:
                in_order.append(line)
    places = _free_places(in_order, answers, total, asked)
    for line, place in zip(in_order, places, strict=False):
        if place is None:
            total = line
        else:
            answers[place.row.number] = line
    more = "there are more answers than layers with parameters"
    unread += [Unread(line.number, more) for line in in_order[len(places) :]]
    return answers, total, unread


def _free_places(
    in_order: Sequence[WrittenLine], answers: dict[int, WrittenLine], total: WrittenLine | None, asked: Sequence[Asked]
) -> list[Asked | None]:
    """Return the layers that lines without a name are about, in order; None stands for the total.

    They are the layers with parameters. If there is a line for each layer of the network, they are all layers.
    """
    free: list[Asked | None] = [one for one in asked if one.row.number not in answers]
    if len(in_order) < len(free):
        free = [one for one in free if one and one.right]
    return free if total else [*free, None]


def check_line(question: Question, asked: Asked, line: WrittenLine | None) -> Checked:
    """Check the answer for one layer; None stands for a missing answer."""
    if line is None:
        return Checked(asked.name, None, asked.right, correct=False)
    right, given, arithmetic = asked.right, line.given, line.arithmetic
    if given == right:
        slip = _arithmetic_slip(right, arithmetic)
        return Checked(asked.name, given, right, not slip, slip)
    if not right:
        why = "it shares those of an earlier layer" if asked.shared else "it has none"
        return Checked(
            asked.name, given, 0, False, (Explanation("unknown", f"{asked.name} adds no parameters: {why}."),)
        )
    return Checked(asked.name, given, right, False, explain(question, given, arithmetic))


def _arithmetic_slip(right: int, arithmetic: int | None) -> tuple[Explanation, ...]:
    if arithmetic in (None, right):
        return ()
    message = f"Your result {right:,} is right, but the arithmetic that you wrote gives {arithmetic:,}."
    return (Explanation("arithmetic-slip", message),)


def _wrong_counts(question: Question, given: int) -> Iterator[Explanation]:
    """Yield the mistakes of counting that give this number."""
    if given != question.right:
        for code, fitting in question.wrong_counts(given):
            yield Explanation(code, _side_by_side(question, given, fitting))


def _two_mistakes(question: Question, given: int) -> Iterator[Explanation]:
    """Yield the mistakes of counting that give this number if the biases are forgotten too."""
    biases = question.row.biases
    if biases:
        for code, fitting in question.wrong_counts(given + biases):
            without = replace(fitting, value=given, arithmetic=fitting.arithmetic.removesuffix(f" + {biases}"))
            yield Explanation(code, _side_by_side(question, given, without))
            yield Explanation("bias-forgotten", f"You also forgot the {biases:,} biases.")


def _side_by_side(question: Question, given: int, wrong: WrongCount) -> str:
    return f"{wrong.reason} Yours: {wrong.arithmetic} = {given:,}. Right: {question.arithmetic}."


def _slips(given: int, right: int) -> tuple[Explanation, ...]:
    return tuple(Explanation(code, message) for code, slip in SLIPS.items() if (message := slip(given, right)))


def _of_arithmetic(question: Question, given: int, arithmetic: int) -> Iterator[Explanation]:
    """Yield what explains the arithmetic of a line whose result is another number."""
    start = f"Your arithmetic gives {arithmetic:,}, not {given:,}."
    for one in (*_wrong_counts(question, arithmetic), *_slips(given, arithmetic)):
        yield Explanation(one.code, f"{start} {one.message}")


def _indivisible(question: Question, given: int) -> str:
    """Name the factor of the right number that does not divide the given one."""
    right = f"Right: {question.arithmetic}."
    product = question.product
    if product is None:
        return f"No common mistake gives {given:,}. {right}"
    less = given - product.biases
    without = (
        f"{given:,} less the {product.biases:,} biases is {less:,}" if product.biases else f"{given:,} is the product"
    )
    factors = {"input channels": product.ins // product.groups, "outputs": product.outs}
    factors |= {"weights of the kernel": product.kernel[0] * product.kernel[1]}
    missing = [f"the {factor:,} {name}" for name, factor in factors.items() if less % factor]
    if missing:
        verb = "does not divide" if len(missing) == 1 else "do not divide"
        return f"No common mistake gives {given:,}. {without}, and {_and(missing)} {verb} it. {right}"
    return f"No common mistake gives {given:,}. Every factor divides it, so another factor is wrong or missing. {right}"


def _and(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _with_total(line: Checked, lines: Sequence[Checked], total: Checked) -> Checked:
    """Say of a wrong line if the given total assumes its right number."""
    others = [one.given for one in lines if one is not line]
    if line.correct or line.given is None or total.given is None or None in others:
        return line
    if line.given == line.right or sum(one for one in others if one is not None) + line.right != total.given:
        return line
    first, *rest = line.explanations
    message = f"{first.message} Your total {total.given:,} already assumes {line.right:,}."
    return replace(line, explanations=(replace(first, message=message), *rest))


def _check_total(counted: Count, right: int, lines: Sequence[Checked], written: WrittenLine | None) -> Checked:
    if written is None:
        return Checked("", None, right, correct=None)
    given, arithmetic = written.given, written.arithmetic
    if given == right:
        slip = _arithmetic_slip(right, arithmetic)
        return Checked("", given, right, not slip, slip)
    found = tuple(_wrong_total(counted, right, lines, given, arithmetic))
    unknown = Explanation("unknown", f"No common mistake gives {given:,}. The layers add up to {right:,}.")
    return Checked("", given, right, False, found or (unknown,))


def _wrong_total(
    counted: Count, right: int, lines: Sequence[Checked], given: int, arithmetic: int | None
) -> Iterator[Explanation]:
    """Yield what explains a wrong total."""
    if arithmetic == right:
        yield Explanation("result-slip", f"Your sum is right: it gives {right:,}. You wrote {given:,} as its result.")
    answers = {line.layer: line.given for line in lines if line.given is not None}
    own = sum(answers.values())
    wrong = [line for line in lines if line.given is not None and line.given != line.right]
    if len(answers) == len(lines) and own == given:
        for line in wrong:
            message = f"You added your lines rightly. The total is wrong because {line.layer} is."
            yield Explanation(line.explanations[0].code, message)
        return
    if len(answers) == len(lines):
        yield Explanation("sum-slip", _sum_slip(answers, own, given))
    if given == sum(row.weights for row in counted.rows):
        yield Explanation("bias-forgotten", f"This is the number of weights: the {right - given:,} biases are missing.")
    if counted.stored and given == right + counted.stored:
        stored = f"{counted.stored:,} running means and variances"
        yield Explanation("running-stats-counted", f"You counted {stored}, which are stored but not trained.")
    yield from _slips(given, right)


def _sum_slip(answers: dict[str, int], own: int, given: int) -> str:
    difference = f"{abs(given - own):,} too {'many' if given > own else 'few'}"
    left_out = [name for name, number in answers.items() if own - number == given]
    twice = [name for name, number in answers.items() if own + number == given]
    hint = f" {left_out[0]} is left out." if left_out else f" {twice[0]} is added twice." if twice else ""
    return f"Your lines add up to {own:,}. You wrote {given:,}, {difference}.{hint}"
