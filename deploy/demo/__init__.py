"""The main job on real input, in a sandbox of its own: `make demo`."""
