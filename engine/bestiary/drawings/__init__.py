"""Every class that is drawn, by theme: a function of its name from a hand to a picture."""
