"""A report with hostile words, which the tests of all formats share, and which texts it has."""

from functools import cache

from hw5core.homework.report.contents import report
from hw5core.homework.report.document import Document
from hw5core.network.counting import count
from hw5core.network.presets import PRESETS
from hw5core.runs.recorded import RACE, recorded_race
from hw5core.training.module_report import module_report

HOMEWORK = count(PRESETS["homework"].architecture)

NAME = 'Ada <script>alert("name")</script> & “Söhne” #eval("1+1") [link](javascript:alert(1))'

REMARKS = """<img src=x onerror=alert(1)> </script><script>fetch('https://evil.example/')</script>
# not a heading
![picture](https://evil.example/x.png) [link](javascript:alert(1)) <https://evil.example/> www.evil.example
`code` ``` $x^2$ $$y$$ \\(z\\) *bold* _italic_ ~~gone~~ &lt; &#60;
    four spaces
- not a list
1. not a list
> not a quote
| not | a table |
--- === ---
#eval("1+1") #read("/etc/passwd") $sum$ @label <label> = heading /* comment */ // comment
שלום עולם مرحبا
print("not code") {{ braces }} {0} %s"""


@cache
def hostile() -> Document:
    """Return the report on the recorded race."""
    return report(HOMEWORK, module_report(PRESETS["homework"].text), recorded_race(RACE), NAME, REMARKS)
