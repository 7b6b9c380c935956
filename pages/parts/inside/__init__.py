"""The parts of the inside page."""
