"""Measurements and the making of the learned numbers; one command each, from the repository's root."""
