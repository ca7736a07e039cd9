"""The control page: who may come in, and what browsers are told."""
