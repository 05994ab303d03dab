"""What verification measures by itself; each module holds one MEASURE."""
