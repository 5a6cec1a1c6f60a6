"""A made-up channel: letters come and go by pigeon."""
