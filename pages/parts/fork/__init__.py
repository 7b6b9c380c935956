"""The components of the Fork page."""
