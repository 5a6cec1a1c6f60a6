"""Where the embedded AWS is, and whose: its account is that which MiniStack gives to everybody."""

REGION = "eu-west-1"
ACCOUNT = "000000000000"
