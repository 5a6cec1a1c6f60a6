"""A channel's folder outside the product, as the registry may name it."""
