"""The parts of lesson 1's page, one per file; pages/parameters.py puts them in order."""
