"""What `make bench` measures: one module per measurement, each with `measure() -> list[Measurement]`."""
