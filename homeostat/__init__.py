"""What both daemons and the operator need."""

__version__ = "0.1.0"
