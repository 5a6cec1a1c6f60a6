"""Simulators of Meta, TikTok and Genesys Cloud, and the API that drives them on one machine."""
