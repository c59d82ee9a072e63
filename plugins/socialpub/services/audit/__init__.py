"""The chain of seals over the audit log: adding to it, and proving it."""
