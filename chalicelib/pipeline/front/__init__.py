"""What stands in front of an account's desk, each part loaded where an account has it."""
