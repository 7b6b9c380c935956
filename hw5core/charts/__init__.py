"""Charts of run histories, and their text alternatives: pure functions."""
