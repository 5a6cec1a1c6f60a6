"""dmdesk: customers' direct messages in the Genesys Cloud desktop."""
