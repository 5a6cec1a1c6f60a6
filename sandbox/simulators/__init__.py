"""The simulated vendors, a folder each; none knows another."""
