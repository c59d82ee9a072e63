"""Other ways to send the same posts to the same sandbox, run right after ours."""
