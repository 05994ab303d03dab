"""Looks at every link of the chain and says, in words, what is wrong with it and what mends it."""
