"""Pasted text read as a network: PyTorch and Keras code, and the tables of summary tools. Nothing is ever executed."""
