"""What the journal says: read incrementally, searched for patterns, counted against its own norm, and what it comes from."""
