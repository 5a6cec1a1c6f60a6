"""A made-up stateful desk: sessions that it opens and ends, files by upload, no receipts."""
