"""The parts of the fork page."""
