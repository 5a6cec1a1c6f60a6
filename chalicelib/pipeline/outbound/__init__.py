"""Agents' messages on their way to the customers."""
