"""Each channel as an operator meets it, under its name in chalicelib.channels."""
