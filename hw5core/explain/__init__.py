"""A network explained: formulas, drawing, comparison, exports."""
