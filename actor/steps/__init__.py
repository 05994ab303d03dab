"""Kinds of steps; each module holds one STEP: facts in, commands out, then the deed, then its oracle."""
