"""Root's half of the actor: the process that hears the network writes what it wants done, and this does it after its own look."""
