"""OSC: packets, what they mean, and what is told back."""
