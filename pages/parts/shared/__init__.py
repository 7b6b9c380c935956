"""The components that two or more pages use."""
