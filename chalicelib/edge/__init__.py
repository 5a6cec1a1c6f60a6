"""Where deliveries come in and links are opened: verified, cut, stored; nothing is decided here."""
