"""Amazon Connect Chat."""
