"""The components of the page "Report"."""
