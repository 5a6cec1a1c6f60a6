"""The use cases: what happens to a webhook, a customer's event, an agent's reply."""
