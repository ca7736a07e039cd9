"""The embedded network: made by this project alone, small enough to travel with it."""
