"""The layers of the inside page in a browser: maps, exact values, arithmetic and the slider, with mouse and keys."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect
from torch import nn

from hw5core.runs.recorded import RACE
from hw5core.runs.recorded_weights import weights_of_recording
from pages.parts.inside.drawing_pad import example_digit
from tools.live import settle

pytestmark = pytest.mark.browser


def _values(epoch: int) -> list[np.ndarray]:
    """The output of the second convolution for the example, from plain modules, per network."""
    outputs = []
    for config, activation in zip(RACE, (nn.ReLU(), nn.Sigmoid()), strict=True):
        tensors = weights_of_recording(config, epoch).tensors
        network = nn.Sequential(nn.Conv2d(1, 10, 5), activation, nn.MaxPool2d(2), nn.Conv2d(10, 20, 5))
        network.load_state_dict({name: torch.tensor(tensors[name]) for name in network.state_dict()})
        inputs = (torch.tensor(example_digit().copy()).float()[None, None] / 255 - 0.1307) / 0.3081
        with torch.no_grad():
            outputs.append(network(inputs)[0].numpy())
    return outputs


def _numbers(text: str) -> list[float]:
    """The values at the end of a text such as "Map 1, row 2, column 3: ReLU 0.5, sigmoid −0.1"."""
    return [float(one.replace("−", "-")) for one in re.findall(r"(?:ReLU|sigmoid) (−?[\d.e+-]+)", text)]


def test_a_map_a_value_and_its_arithmetic_follow_clicks_keys_and_the_slider(page: Page) -> None:
    page.goto("/inside?layer=1")
    settle(page)
    page.get_by_role("button", name="Conv2d-4").click()
    page.wait_for_url("**layer=4*")
    page.get_by_role("radio", name=re.compile("^ReLU, map 12: ")).click()
    expect(page.get_by_text("Map 12 enlarged")).to_be_in_viewport()
    enlarged = page.get_by_role("application", name=re.compile("^sigmoid, map 12: "))
    box = enlarged.bounding_box()
    assert box is not None
    place = {"x": 5.5 / 8 * box["width"], "y": 4.5 / 8 * box["height"]}
    enlarged.hover(position=place)
    expect(page.locator(".tip")).to_be_visible()
    enlarged.click(position=place)
    page.wait_for_url("**value=11-4-5*")
    readout = page.locator(".readout")
    expect(readout).to_contain_text("Map 12, row 5, column 6: ")
    assert page.locator(".tip").text_content() == readout.text_content()
    np.testing.assert_allclose(_numbers(readout.inner_text()), [one[11, 4, 5] for one in _values(4)], rtol=1e-5)
    expect(page.get_by_text("Of the image, it saw rows 9 to 22, columns 11 to 24.")).to_be_in_viewport()
    table = page.get_by_role("table", name="ReLU: how this value is computed")
    expect(table.get_by_role("row").last).to_be_in_viewport()
    parts = [float(one.replace("−", "-")) for one in table.locator("td:last-child").all_inner_texts()]
    assert len(parts) == 9  # six products, the others, the bias and the sum
    assert sum(parts[:-1]) == pytest.approx(parts[-1], abs=0.005)
    enlarged.press("ArrowRight")
    expect(readout).to_contain_text("row 5, column 7")
    page.wait_for_url("**value=11-4-6*")
    slider = page.get_by_role("slider", name="Weights after")
    expect(slider).to_be_in_viewport()
    before = readout.inner_text()
    slider.press("ArrowLeft")
    expect(readout).not_to_have_text(before)
    np.testing.assert_allclose(_numbers(readout.inner_text()), [one[11, 4, 6] for one in _values(3)], rtol=1e-5)
