"""The counter as the sandbox plays it."""
