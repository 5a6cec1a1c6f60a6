"""What every simulator stands on; knows none of them."""
