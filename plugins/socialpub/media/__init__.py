"""Photos and videos before Facebook sees them: where they are, what they are, and what their link leads to."""
