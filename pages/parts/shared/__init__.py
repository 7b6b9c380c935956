"""Streamlit pieces that two or more pages use."""
