"""The commands of `homeostat` that need the actor's own code: one file each, found by its `COMMAND`."""
