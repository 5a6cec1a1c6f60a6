"""A stand-in for the Terraform provider mypurecloud/genesyscloud 1.84.1, for tests without a network.

It has the resources and data sources that terraform/modules/genesys uses, with the real provider's
attribute names, types and modes (schema.json, taken from the provider's documentation), refuses what that
refuses, and makes its HTTP calls to the sandbox's Genesys Cloud. Nothing of the provider's code is in it.

Where it differs on purpose: it talks to 127.0.0.1 only, it does not repeat a failed call (the real one
tries up to 20 times), it asks every tenth of a second where that asks every 15 s, and it refuses
attributes of schema.json that it cannot carry, rather than ignore them.
"""
