"""From an event to a message that somebody reads."""
