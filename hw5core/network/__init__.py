"""What a network is, and how its parameters are counted."""
