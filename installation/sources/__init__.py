"""What the dream is fed with: one file per kind of source, and the table of them."""
