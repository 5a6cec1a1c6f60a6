"""A simulated Instagram."""
