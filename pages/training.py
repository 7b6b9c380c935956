"""The old URL of the train page. Streamlit needs this file when such a link is a new server's first visit."""

from pages.parts.shared.frame import run_through_router

run_through_router(__file__)
