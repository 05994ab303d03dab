"""The operator's CLI: one file per command."""
