"""The components of the Why page."""
