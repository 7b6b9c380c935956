"""The terminal commands that need more than a function, one per module, and the options that several of them take."""
