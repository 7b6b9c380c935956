"""The router: `streamlit run app.py` serves the pages of pages/parts/shared/page_list.py.

Nothing happens at import, because every training worker imports this file again.
"""


def main() -> None:
    """Prepare the session and run the page at the current URL."""
    import streamlit as st

    from pages.parts.shared.frame import ICON, mark_as_routed
    from pages.parts.shared.front_door import guard_server
    from pages.parts.shared.lecturer import recognise_lecturer
    from pages.parts.shared.page_list import PAGES
    from pages.parts.shared.publishing import end_subscriptions

    st.set_page_config(page_title="HW5 Lab", page_icon=ICON, layout="wide")
    guard_server()
    mark_as_routed()
    end_subscriptions()
    menu: dict[str, list[st.Page]] = {}
    for page in PAGES:
        for url in page.urls:
            shown = st.Page(
                page.script,
                title=page.title,
                icon=page.icon,
                url_path=url or "start",  # Streamlit wants a unique name for the page at "/" too
                default=not url,
                visibility="visible" if url == page.urls[0] else "hidden",
            )
            menu.setdefault(page.section, []).append(shown)
    page_to_run = st.navigation(menu, position="top")
    recognise_lecturer()
    page_to_run.run()


if __name__ == "__main__":
    main()
