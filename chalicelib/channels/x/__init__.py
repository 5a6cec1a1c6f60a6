"""X direct messages, plain and encrypted (X API v2, X Activity and Account Activity webhooks)."""
