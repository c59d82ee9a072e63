"""Measures the figures this project promises, on the real stack, beside peers that do the same work."""
