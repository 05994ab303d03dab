"""What runs services; each module holds one MANAGER."""
