"""What may happen before an agent is asked, for accounts that have it switched on (docs/front.md)."""
