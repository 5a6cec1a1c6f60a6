"""TikTok direct messages (TikTok API for Business, Business Messaging)."""
