"""Everything that moved, kept with its time and played again."""
