"""The router: which pages there are, in which order. `streamlit run app.py` serves them.

Nothing happens at import: each training worker imports this file again.
"""


def main() -> None:
    """Run the page that the address names."""
    import streamlit as st

    from pages.parts.shared.browser import browser
    from pages.parts.shared.frame import mark_as_routed
    from pages.parts.shared.lecturer import take_secret
    from pages.parts.shared.push import forget_what_was_drawn
    from pages.parts.shared.said import check_what_is_said

    st.set_page_config(page_title="HW5 Lab", page_icon=":material/neurology:", layout="wide")
    check_what_is_said()
    mark_as_routed()
    forget_what_was_drawn()
    take_secret(browser())
    pages = [
        st.Page("pages/count.py", title="Count", icon=":material/calculate:", url_path="start", default=True),
        # The default page is served at "/" alone; a link with its name has to open it too.
        st.Page("pages/count.py", title="Count", url_path="count", visibility="hidden"),
        st.Page("pages/count.py", title="Count", url_path="parameters", visibility="hidden"),
        st.Page("pages/train.py", title="Train", icon=":material/trending_up:", url_path="train"),
        st.Page("pages/train.py", title="Train", url_path="training", visibility="hidden"),
        st.Page("pages/sweep.py", title="Sweep", icon=":material/stacked_line_chart:", url_path="sweep"),
        st.Page("pages/fork.py", title="Fork", icon=":material/call_split:", url_path="fork"),
        st.Page("pages/runs.py", title="Runs", icon=":material/list:", url_path="runs"),
    ]
    st.navigation(pages, position="top").run()


if __name__ == "__main__":
    main()
