"""The components of the page "Check"."""
