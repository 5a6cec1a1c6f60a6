"""What a channel and a desk are to everybody else, and what their answers are read with."""
