"""Layouts for tablets, written from the parameter table."""
