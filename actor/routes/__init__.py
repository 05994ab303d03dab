"""What the API under `/api/v1` can do: one file per capability."""
