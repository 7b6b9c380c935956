"""The windows of all browser tests fail if a page sends a request to another origin. This is the test of that watch."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import requests_to_other_origins
from tools.waiting import wait_until

pytestmark = pytest.mark.browser

OWN = "http://lab.invalid"
PAGE = """<link id="icon" rel="icon" href="/icon.png"><script>
  fetch('/data')
  fetch('https://tracker.invalid/fetched').catch(() => {})
  new Image().src = 'https://images.invalid/pixel.png'
  new Image().src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='
  new WebSocket('wss://socket.invalid/stream')
  document.getElementById('icon').href = 'https://fonts.invalid/icon.svg'
</script>"""


def test_every_kind_of_request_to_another_origin_is_noticed(chromium: Browser) -> None:
    context = chromium.new_context(base_url=OWN)
    used = requests_to_other_origins(context, OWN)
    page = context.new_page()
    page.route(f"{OWN}/**", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.goto("/")

    def hosts() -> set[str]:
        page.evaluate("0")  # lets the browser's events arrive
        return {url.split("/")[2].removesuffix(".invalid") for url in used}

    wait_until(lambda: len(hosts()) == 4, hosts)
    assert hosts() == {"tracker", "images", "socket", "fonts"}
    context.close()
