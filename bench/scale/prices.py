"""AWS' list prices of us-east-1 in dollars, as of November 2026; without free tiers, discounts and taxes.

Lambda: aws.amazon.com/lambda/pricing (arm64). API Gateway (REST): aws.amazon.com/api-gateway/pricing. SQS FIFO:
aws.amazon.com/sqs/pricing. DynamoDB on demand: aws.amazon.com/dynamodb/pricing/on-demand. CloudWatch Logs:
aws.amazon.com/cloudwatch/pricing. Transfer: aws.amazon.com/ec2/pricing/on-demand.
"""

from __future__ import annotations

REGION, AS_OF = "us-east-1", "November 2026"

LAMBDA_GB_S = 0.0000133334
LAMBDA_REQUEST = 0.20e-6
# so many requests of a month at so much, then at less
API_REQUEST = ((333e6, 3.50e-6), (667e6, 2.80e-6), (19e9, 2.38e-6), (float("inf"), 1.51e-6))
SQS_FIFO_REQUEST = 0.50e-6
WRITE_UNIT, READ_UNIT = 0.625e-6, 0.125e-6
TABLE_GB_MONTH, BACKUP_GB_MONTH = 0.25, 0.20
LOG_GB, LOG_GB_MONTH = 0.50, 0.03
OUT_GB = 0.09
# docs/deploy.md: secrets, alarms, metrics, the dashboard, two queues that are asked while nothing comes
STANDING_MONTH = 23.0


def tiered(amount: float, tiers: tuple[tuple[float, float], ...]) -> float:
    """What so much costs where the price falls step by step."""
    cost = 0.0
    for size, price in tiers:
        part = min(amount, size)
        cost += part * price
        amount -= part
    return cost
