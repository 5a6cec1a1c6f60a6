"""A simulated Genesys Cloud."""
