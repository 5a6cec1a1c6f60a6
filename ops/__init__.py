"""The operator's command line: `python -m ops`, documented as `dmdesk`. The only code that uses the Genesys SDK."""
