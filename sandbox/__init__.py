"""Simulators of the vendors, and the API that drives them on one machine."""
