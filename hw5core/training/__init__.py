"""Train networks: everything that imports torch."""
