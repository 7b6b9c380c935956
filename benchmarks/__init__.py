"""The benchmarks of `make bench`: one module per subject, each with `measure() -> list[Measurement]`."""
