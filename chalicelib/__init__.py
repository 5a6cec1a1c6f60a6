"""dmdesk: customers' direct messages in their agents' desktop."""
