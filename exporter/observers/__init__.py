"""What is seen of the host that the exporter runs on; each module holds one OBSERVER."""
