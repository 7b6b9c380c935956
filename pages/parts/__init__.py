"""The components of the pages, one folder per page."""
