"""Desktops that agents answer in, one folder each."""
