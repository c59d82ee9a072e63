"""What a LARP's people read in the morning."""
