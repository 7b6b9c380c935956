"""Draws charts with vl-convert, without a browser.

vl-convert keeps Python's lock while it works, for seconds the first time. So only the process that writes a report
loads it, never the server or a worker.
"""

import re
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from hw5core import home
from hw5core.homework.report.document import Chart


def vega_bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script. It takes seconds to make, so the cache folder keeps it."""
    path = home.cache_folder() / f"vega-{version('vl-convert-python')}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if not path.is_file():
            _write_bundle(path)
        return path.read_text(encoding="utf-8")


def _write_bundle(path: Path) -> None:
    import vl_convert

    unfinished = path.with_suffix(".part")
    # It must not end the script in which the report has it.
    script = re.sub(
        "</(?=script)", r"<\\/", vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed"), flags=re.IGNORECASE
    )
    unfinished.write_text(script, encoding="utf-8")
    unfinished.replace(path)


def picture(chart: Chart) -> bytes:
    """Return the chart as a PNG picture."""
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_png({**chart.specification, "width": 640}, scale=2, allowed_base_urls=[])
    return drawn
