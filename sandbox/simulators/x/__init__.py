"""A simulated X."""
