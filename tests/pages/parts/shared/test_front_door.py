"""A warning that is repeated without end: the log has it once a minute."""

import logging

from pages.parts.shared.front_door import RareWarning


def test_a_repeated_warning_is_logged_once_a_minute_and_others_always() -> None:
    now = [0.0]
    rarely = RareWarning("out of system resource", lambda: now[0])

    def logged(message: str) -> bool:
        return rarely.filter(logging.LogRecord("asyncio", logging.ERROR, "", 0, message, (), None))

    repeated = "socket.accept() out of system resource"
    assert [logged(repeated) for _ in range(3)] == [True, False, False]
    assert logged("another one")
    now[0] = RareWarning.SECONDS
    assert [logged(repeated), logged(repeated)] == [True, False]
