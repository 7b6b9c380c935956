"""The components of the Inside page."""
