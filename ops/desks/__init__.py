"""Each desk as an operator meets it, under its name in chalicelib.desks."""
