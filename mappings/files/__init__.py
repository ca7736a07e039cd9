"""Mapping files: what a controller's controls turn, read, written and found."""
