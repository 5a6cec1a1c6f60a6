"""A made-up desk: the counter keeps a session per talk, takes files by upload and no receipts, and tells the end."""
