"""A network explained: formulas, drawing, comparison, convolution, exports, and the layout of PyTorch's report."""
