"""Run histories to Altair charts and their text alternatives."""
