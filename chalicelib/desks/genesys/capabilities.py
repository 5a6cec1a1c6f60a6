"""What Genesys Cloud Open Messaging takes."""

from __future__ import annotations

from chalicelib.vocabulary.capabilities import DeskCapabilities

# Analytics tell of a conversation seconds after it began, at busy times a minute or more; nobody documents how late.
LAG_S = 120.0

# No length of a text is documented. Which files it takes, the integration's content profile decides:
# help.genesys.cloud, "Supported content profiles". Within its threading time a message may go on with a conversation
# that was disconnected: help.mypurecloud.com/articles/messaging-threading-timeline
CAPABILITIES = DeskCapabilities(priorities=True, lag_s=LAG_S, reopens=True)
