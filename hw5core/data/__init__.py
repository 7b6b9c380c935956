"""The images: datasets, file lookup and downloads."""
