"""The pages of the app, in the order of the menu.

To add a page, add its script to `pages/` and one line to PAGES. The router, the screenshots and the tests that visit
every page read this list.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """One page: its script is `pages/<name>.py`, its URL `/<name>` and its menu title the capitalised name.

    `aliases` are further URLs, which the menu does not show. Each needs a script of the same name that calls
    `frame.run_through_router`, for links that are a new server's first visit.

    Pages with the same `section` share a drop-down menu; pages without one are in the menu itself. The `default` page
    is also the start page, at `/`.
    """

    name: str
    icon: str
    aliases: tuple[str, ...] = ()
    section: str = ""
    default: bool = False

    @property
    def script(self) -> str:
        """The path of the page's script, relative to app.py."""
        return f"pages/{self.name}.py"

    @property
    def title(self) -> str:
        """The page's title in the menu."""
        return self.name.capitalize()

    @property
    def urls(self) -> tuple[str, ...]:
        """All URLs of the page, without the leading slash. The menu links to the first."""
        start = ("",) if self.default else ()
        return (*start, self.name, *self.aliases)


PAGES = (
    Page("count", ":material/calculate:", aliases=("parameters",), default=True),
    Page("check", ":material/fact_check:"),
    Page("train", ":material/trending_up:", aliases=("training",)),
    Page("why", ":material/psychology_alt:"),
    Page("sweep", ":material/stacked_line_chart:"),
    Page("fork", ":material/call_split:"),
    Page("inside", ":material/visibility:"),
    Page("runs", ":material/list:"),
    Page("report", ":material/description:"),
)
