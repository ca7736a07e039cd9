"""Looks with a name: kept, recalled, morphed, in the order of a show."""
