"""The text of a pasted program: its limits, its syntax tree, and positions in it.

The text may be hostile. It is measured before Python's parser sees it, and it is never imported, compiled or executed.
"""

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from hw5core.errors import PastedTextError
from hw5core.pasted.syntax_tree import syntax_tree

MAX_CHARACTERS = 60_000
MAX_LINES = 2_000
MAX_LINE = 2_000
"""The largest number of characters in a line."""

MAX_NESTING = 40
"""The largest number of brackets inside each other, and of blocks inside each other."""

MAX_OPERATORS = 60
"""The largest number of operators in one expression between two brackets or commas."""

MAX_TOKENS = 20_000
"""The largest number of words and signs."""

MAX_NODES = 40_000
MAX_DEPTH = 100
"""The limits of the syntax tree: its nodes, and how deep they lie inside each other."""


@dataclass(frozen=True)
class Span:
    """A part of the text: lines count from 1, columns from 0; the end column is the first one after it."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Source:
    """A text within the limits. Lines end with a line feed.

    `indents` are the spaces before each line that are no part of the program, as in a method without its class.
    """

    text: str
    indents: tuple[int, ...]

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def span(self, node: ast.expr | ast.stmt) -> Span:
        """Return where a node of the tree is. The tree counts bytes, a span counts characters."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return Span(
            node.lineno,
            self._column(node.lineno, node.col_offset),
            end_line,
            self._column(end_line, end_column),
        )

    def cut(self, span: Span) -> str:
        """Return the text of a span."""
        lines = self.lines[span.line - 1 : span.end_line]
        lines[-1] = lines[-1][: span.end_column]
        lines[0] = lines[0][span.column :]
        return "\n".join(lines)

    def _column(self, line: int, byte: int) -> int:
        indent = self.indents[line - 1]
        written = self.lines[line - 1][indent:].encode()
        return indent + len(written[:byte].decode(errors="replace"))


def tidy(text: str) -> str:
    """Return the text with plain line ends and without a byte order mark. All positions refer to this form."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def measured(text: str) -> str:
    """Return the tidy text. Raises PastedTextError if it is too long, or contains characters that no program has."""
    if len(text) > MAX_CHARACTERS:
        raise PastedTextError(f"the text has more than {MAX_CHARACTERS:,} characters: paste only the network")
    text = tidy(text)
    if text.count("\n") >= MAX_LINES:
        raise PastedTextError(f"the text has more than {MAX_LINES:,} lines: paste only the network")
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE:
            raise PastedTextError(
                f"line {number} has more than {MAX_LINE:,} characters: paste only the network", number
            )
        if "\0" in line or any("\ud800" <= character <= "\udfff" for character in line):
            raise PastedTextError(f"line {number} has a character that is no text: remove it", number)
    return text


_FILE_NAME = "pasted code"
# Python warns about some programs, such as those with an unknown escape in a text. They are not the log's concern.
warnings.filterwarnings("ignore", category=SyntaxWarning, module=_FILE_NAME)
warnings.filterwarnings("ignore", category=DeprecationWarning, module=_FILE_NAME)


def parse(text: str) -> tuple[Source, ast.Module]:
    """Return the text with its syntax tree. Raises PastedTextError if it is too large or is no Python."""
    text = measured(text)
    lines = text.split("\n")
    indents = _indents(lines)
    # Lines with other characters than the program keep their number, so that positions stay right.
    program = "\n".join("" if _is_blank(line) else line[indent:] for line, indent in zip(lines, indents, strict=True))
    _check_nesting(program)
    try:
        tree = syntax_tree(program, _FILE_NAME)
    except SyntaxError as error:
        line = error.lineno or 1
        raise PastedTextError(f"line {line} is not Python: {error.msg}", line) from None
    except (RecursionError, MemoryError):
        raise PastedTextError("the text is nested too deeply: paste only the network") from None
    except ValueError:
        raise PastedTextError("the text is not Python: it has characters that no program has") from None
    _check_tree(tree)
    return Source(text, indents), tree


def _indents(lines: list[str]) -> tuple[int, ...]:
    """Return how many spaces before each line are no part of the program.

    They are the spaces that all lines have. The first lines may have more, as in the end of a method that is pasted
    together with the next one.
    """
    spaces = [None if _is_blank(line) else len(line) - len(line.lstrip(" ")) for line in lines]
    common = min((one for one in spaces if one is not None), default=0)
    first = next((one for one in spaces if one is not None), 0)
    end = next((number for number, one in enumerate(spaces) if one is not None and one < first), len(lines))
    return tuple(first if number < end else common for number in range(len(lines)))


def _is_blank(line: str) -> bool:
    """Return True if the line has no code: it is empty, fences code in Markdown, or is a command of a notebook."""
    return not line.strip() or re.match(r"\s*(```|!|%%?[a-z])", line) is not None


def _check_nesting(program: str) -> None:
    """Raise PastedTextError if Python's parser would need much time or memory for the text."""
    brackets, blocks, operators = 0, 0, [0]
    for number, token in enumerate(_tokens(program)):
        if number > MAX_TOKENS:
            raise PastedTextError(f"the text has more than {MAX_TOKENS:,} words and signs: paste only the network")
        match token.type, token.string:
            case tokenize.OP, "(" | "[" | "{":
                brackets += 1
                operators.append(0)
            case tokenize.OP, ")" | "]" | "}":
                brackets = max(0, brackets - 1)
                operators = operators[:-1] or [0]
                operators[-1] += 1  # a call of a call, or an item of an item
            case (tokenize.OP, "," | ";") | (tokenize.NEWLINE, _):
                operators[-1] = 0
            case tokenize.INDENT, _:
                blocks += 1
            case tokenize.DEDENT, _:
                blocks -= 1
            case (tokenize.OP, _) | (tokenize.NAME, "not" | "lambda" | "if" | "else" | "and" | "or" | "await"):
                operators[-1] += 1
        if max(brackets, blocks) > MAX_NESTING or operators[-1] > MAX_OPERATORS:
            line = token.start[0]
            raise PastedTextError(f"line {line} is nested too deeply: paste only the network", line)


def _tokens(program: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the tokens up to the first error, which the parser reports better."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(program).readline)
    except (tokenize.TokenError, SyntaxError):
        return


def _check_tree(tree: ast.Module) -> None:
    """Raise PastedTextError if the tree is too large or too deep to be walked."""
    nodes: list[ast.AST] = [tree]
    count = 0
    for _ in range(MAX_DEPTH):
        nodes = [child for node in nodes for child in ast.iter_child_nodes(node)]
        count += len(nodes)
        if count > MAX_NODES:
            raise PastedTextError("the text is too long: paste only the network")
        if not nodes:
            return
    line = next((node.lineno for node in nodes if isinstance(node, ast.expr | ast.stmt)), 1)
    raise PastedTextError(f"line {line} is nested too deeply: paste only the network", line)
