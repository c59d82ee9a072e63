"""Scheduled posts as people look at them, and what they do to several at once."""
