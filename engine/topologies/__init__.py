"""The layers of the networks of keras.applications, one file each; `taken.py` writes them."""
