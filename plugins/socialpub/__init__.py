"""Publishes approved posts to Facebook Pages on the second, never twice, never lost."""

__version__ = "0.1.0"
