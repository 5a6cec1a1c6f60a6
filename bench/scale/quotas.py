"""What AWS and the vendors let through, each beside the page that says so, as read in November 2026.

A quota that a region or an account may have otherwise is the default of us-east-1.
"""

from __future__ import annotations

# --- Genesys Cloud. developer.genesys.cloud/organization/organization/limits: client.credentials.token.rate.per.minute
GENESYS_CALLS, GENESYS_S = 300, 60.0
# How many clients an organisation may share its work among: told in community.genesys.com only ("about 50").
GENESYS_CLIENTS = 50

# --- Meta. developers.facebook.com/docs/instagram-platform/overview: per account, texts, links, reactions, stickers;
# audio and video 10. (The Messenger changelog of 2024-10 says 300.)
INSTAGRAM_SENDS_S = 100.0

# --- TikTok. business-api.tiktok.com/portal/docs, "Rate limits": per app, messaging endpoints; as much as 600 a minute
TIKTOK_SENDS_S = 10.0

# --- X. docs.x.com/x-api/fundamentals/rate-limits: per user and per app in a day; 15 in 15 minutes per user
X_SENDS_DAY = 1_440

# --- Amazon Connect. docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html
CONNECT_SENDS_S, CONNECT_SENDS_BURST = 10.0, 15.0  # SendMessage and SendEvent, per instance
CONNECT_STARTS_S = 5.0  # StartChatContact, per account and region
CONNECT_CHATS = 500  # active at once, those that wait for the customer among them
# A chat ends after this where nobody ends it: StartChatContact, ChatDurationInMinutes, 25 hours by default
CONNECT_CHAT_S = 25 * 3600.0

# --- API Gateway. docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: per account and region
API_REQUESTS_S = 10_000.0

# --- Lambda. docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: at once, in an account and region
CONCURRENCY = 1_000
# docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html#scaling-rate: each function, in ten seconds
CONCURRENCY_GROWTH = 1_000
# docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: an event source mapping's maximum concurrency
MAPPING_CONCURRENCY = 1_000

# --- SQS FIFO. docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html: calls of each
# action a second without batching, high throughput: N. Virginia, Oregon, Ireland; elsewhere down to 2,400
SQS_CALLS_S, SQS_CALLS_LEAST_S = 70_000.0, 2_400.0
# A group has 300 a second (.../SQSDeveloperGuide/high-throughput-fifo.html), which is out of reach: a conversation is
# at one worker at a time, which takes some six of its texts a second.

# --- DynamoDB. docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html: what a new table
# takes at once (its warm throughput); it grows to twice its latest peak within half an hour
TABLE_WRITES_S, TABLE_READS_S = 4_000.0, 12_000.0
# .../ServiceQuotas.html: on demand, per table, by default
TABLE_MOST_WRITES_S = 40_000.0
# .../bp-partition-key-design.html: of one partition, of the table or of an index
PARTITION_WRITES_S = 1_000.0
