"""The components of the Count page."""
