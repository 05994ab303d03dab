"""Backups as snapshots: their names, what lies in their folders, which of them are redundant. Shared by who watches and who rotates."""
