"""A simulated Amazon Connect."""
