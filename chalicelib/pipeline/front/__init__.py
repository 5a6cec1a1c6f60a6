"""What may happen before an agent is asked; a module is loaded where an account has its feature."""
