"""Platforms that customers write on, one folder each."""
