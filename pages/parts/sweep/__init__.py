"""The parts of the page of sweeps."""
