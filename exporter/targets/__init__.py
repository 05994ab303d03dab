"""What may be in trouble: one kind a file, each with its constant TARGET."""
