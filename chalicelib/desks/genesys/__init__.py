"""Genesys Cloud Open Messaging."""
