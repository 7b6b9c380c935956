"""The answers of a student to question 1: read from text, compared with the counts, and explained where they differ."""
