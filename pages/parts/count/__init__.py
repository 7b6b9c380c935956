"""The components of the Count page, one per file."""
