"""The components of the Runs page."""
