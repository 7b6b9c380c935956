"""The homework sheet: its figures and its claims, tested."""
