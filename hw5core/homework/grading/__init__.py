"""A class graded: read from a table, checked row by row, and written into the files of learning platforms."""
