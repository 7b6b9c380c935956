"""What a network is, how it is written, and how its parameters are counted."""
