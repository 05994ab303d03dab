"""What units and containers are declared to be, and what runs: read for both daemons, and nothing changed."""
