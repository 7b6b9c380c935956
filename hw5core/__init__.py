"""The lesson without its pages: networks, parameter maths, training and its store. Never imports streamlit."""
