"""What stands in front of a desk."""
