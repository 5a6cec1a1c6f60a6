"""The pigeons as the sandbox plays them."""
