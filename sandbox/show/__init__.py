"""What tells, proves and troubles whatever passes between the simulators."""
