"""What people do with drafts: one function a verb, each for one LARP, each as the backoffice's role."""
