"""The components of the Report page."""
