"""Answers to a person's question in free words: which kind it is, whom it names, what Prometheus and the journal say to that."""
