"""The parts of lesson 1's page, one per file; pages/count.py puts them in order."""
