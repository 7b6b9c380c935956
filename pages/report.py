"""The finished homework as a document: a preview, and a file in each format."""

import streamlit as st

from hw5core.errors import LabError, StoreError
from hw5core.homework.report.contents import report
from pages.parts.report.downloads import downloads
from pages.parts.report.fields import name_and_remarks, network_of_question_1
from pages.parts.report.preview import preview
from pages.parts.report.race import chosen_race_of_report, contents_version
from pages.parts.report.tools import tools_report
from pages.parts.shared.frame import begin_page
from pages.parts.shared.plain_words import plain
from pages.parts.shared.publishing import RECONNECT_SECONDS
from pages.parts.shared.race_snapshot import TO_THE_END, RaceSnapshot, read_race, read_race_live
from pages.parts.shared.reading import Reading

_FRAGMENT = "report"


def page() -> None:
    begin_page(
        __file__,
        "Your homework as a document",
        "**Try this:** choose your race, write your remarks, and download the homework with your own numbers.",
    )
    try:
        configs = chosen_race_of_report()
    except StoreError as error:
        st.error(plain(error))
        return
    reading = Reading(read_race, configs, TO_THE_END, live=read_race_live)
    st.fragment(_draw, run_every=RECONNECT_SECONDS, key=_FRAGMENT)(reading)


def _draw(reading: Reading[RaceSnapshot]) -> None:
    """Draw the fields, the buttons and the preview."""
    reading = reading.in_fragment(_FRAGMENT)
    reading.subscribe_redraw(contents_version)
    mine, whole = st.columns([1, 2], gap="large")
    try:
        with mine:
            name, remarks = name_and_remarks()
            counted = network_of_question_1()
        document = report(counted, tools_report(str(counted.architecture)), reading.value.runs, name, remarks)
    except LabError as error:
        with mine:
            st.error(plain(error))
        return
    with mine:
        downloads(document)
        for sentence in document.missing:
            st.caption(plain(sentence))
    with whole:
        preview(document)


page()
