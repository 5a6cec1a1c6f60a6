"""What simulated customers are called: the same on every platform, in the desktop and on the page."""

from __future__ import annotations


def display_name(customer: str) -> str:
    return f"Customer {customer[-4:]}"


def username(customer: str) -> str:
    return f"customer_{customer[-4:]}"
