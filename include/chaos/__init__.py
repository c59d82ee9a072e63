"""Kills, cuts and restarts what publishes, at every step of a post's way, and counts what became of the posts."""
