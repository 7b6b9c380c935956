"""The router: which pages there are, in which order. `streamlit run app.py` serves them.

Nothing happens at import: each training worker imports this file again.
"""


def main() -> None:
    """Run the page that the address names."""
    import streamlit as st

    from pages.shared.frame import mark_as_routed

    st.set_page_config(page_title="HW5 Lab", page_icon=":material/neurology:", layout="wide")
    mark_as_routed()
    count = {"page": "pages/parameters.py", "title": "Count", "icon": ":material/calculate:"}
    pages = [
        st.Page(**count, default=True),
        # The default page's own address is "/"; under its file's name it has to be reachable too.
        st.Page(**count, url_path="parameters", visibility="hidden"),
        st.Page("pages/training.py", title="Train", icon=":material/trending_up:", url_path="training"),
    ]
    st.navigation(pages, position="top").run()


if __name__ == "__main__":
    main()
