"""What a month costs: measured calls, units and bytes, times made of measured CPU time, and AWS' list prices.

Assumed besides: a run of a worker for each message (a batch of several costs less), a send, a receive and a delete for
each on its queue; Lambda's own three lines of each run and the API's access line; logs kept for three months; answers
and bodies of 2 KB to the vendors; no retries, files or readings.
"""

from __future__ import annotations

from bench.figures import Figures
from bench.scale import prices
from bench.scale.inputs import Deployment, Times, Traffic

DAYS = 30
GB = 1e9
# Lambda's START, END and REPORT; the API's access line (its format in terraform/modules/aws/api.tf); bytes
RUN_LOGGED, REQUEST_LOGGED = 330, 420
LOG_MONTHS = 3
KEPT_DAYS = 30
CALL_OUT = 2_000


def monthly(figures: Figures, deployment: Deployment, times: Times, traffic: Traffic) -> dict[str, float]:
    """Dollars by what they are for."""
    turns = traffic.messages_a_day / 2 * DAYS
    first = traffic.first
    text = [(figures.first_text, first), (figures.text, 1 - first)]
    jobs = [*text, (figures.reply, 1.0), (figures.echo, 1.0), (figures.edge, 3.0)]
    writes = turns * sum(job.write_units * share for job, share in jobs)
    reads = turns * sum(job.read_units * share for job, share in jobs)
    logged = turns * (sum(job.logged_bytes * share for job, share in jobs) + 6 * RUN_LOGGED + 3 * REQUEST_LOGGED)
    stored = turns / DAYS * KEPT_DAYS * sum(job.stored_bytes * share for job, share in jobs)
    vendors = turns * sum((job.calls.get("desk", 0) + job.calls.get("platform", 0)) * share for job, share in jobs)
    own = first * times.first_text + (1 - first) * times.text + times.desk
    reply = times.reply + times.platform_calls * times.platform + times.desk
    workers_s = own + reply + times.echo
    return {
        "API Gateway": prices.tiered(3 * turns, prices.API_REQUEST),
        "Lambda, requests": 6 * turns * prices.LAMBDA_REQUEST,
        "Lambda, edge": 3 * turns * times.edge * deployment.edge_mb / 1024 * prices.LAMBDA_GB_S,
        "Lambda, workers": turns * workers_s * deployment.worker_mb / 1024 * prices.LAMBDA_GB_S,
        "SQS": 9 * turns * prices.SQS_FIFO_REQUEST,
        "DynamoDB, writes": writes * prices.WRITE_UNIT,
        "DynamoDB, reads": reads * prices.READ_UNIT,
        "DynamoDB, kept": stored / GB * (prices.TABLE_GB_MONTH + prices.BACKUP_GB_MONTH),
        "Logs": logged / GB * (prices.LOG_GB + LOG_MONTHS * prices.LOG_GB_MONTH),
        "Transfer out": vendors * CALL_OUT / GB * prices.OUT_GB,
        "Standing by": prices.STANDING_MONTH,
    }
