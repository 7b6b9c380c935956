"""The components of the Sweep page."""
