"""Customers' events on their way to the agents."""
