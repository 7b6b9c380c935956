"""The homework sheet: its results, and its claims tested."""
