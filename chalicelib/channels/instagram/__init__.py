"""Instagram direct messages (Meta), through Instagram Login or a Facebook Page."""
