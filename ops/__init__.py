"""The operator's command line: `python -m ops`, documented as `dmdesk`. The only code that uses a vendor's SDK."""
