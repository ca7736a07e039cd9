"""Tempo, what moves with it, and what is heard."""
