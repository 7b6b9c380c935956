"""The parts of the why page."""
