"""The terminal commands that need more than a function, one per module."""
