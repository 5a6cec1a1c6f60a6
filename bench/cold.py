"""Cold starts: a fresh interpreter, the real package, and nothing else of this machine's Python."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from bench import stub
from bench.place import delivery, environment, messaging, record, webhook

ROLES = ("edge", "to_desk", "to_customer", "upkeep")
SCHEDULED = {
    "version": "0", "id": "0", "account": "0", "region": "eu-west-1", "source": "aws.events",
    "detail-type": "Scheduled Event", "time": "1970-01-01T00:00:00Z", "resources": [], "detail": {},
}  # fmt: skip

# -I -S: no site-packages, no environment of Python's; what is logged goes to nowhere.
OURS = """
import app
answer = getattr(app, {function!r})(event, Context())
assert not answer or answer.get("statusCode", 200) == 200 and not answer.get("batchItemFailures"), answer
"""
# The same event through a Chalice app that does nothing but send on what it got, by one client of boto3.
FLOOR = """
import boto3, chalice.app
app = chalice.app.Chalice(app_name="floor")
client = boto3.client({service!r})

def send(body=""):
    {call}

@app.route("/api/social/webhook", methods=["POST"], content_types=["application/json"])
def social():
    send(app.current_request.raw_body.decode())
    return {{}}

@app.on_sqs_message(queue="floor")
def worker(event):
    for one in event:
        send(one.body)

@app.schedule("rate(5 minutes)")
def upkeep(event):
    send()

{function}(event, Context())
"""
PUT = """client.send_message_batch(QueueUrl={queue!r}, Entries=[
        dict(Id="0", MessageBody=body, MessageGroupId="g", MessageDeduplicationId="d")])"""
WRITE = """client.put_item(TableName="dmdesk", Item={"pk": {"S": "k"}, "body": {"S": body}})"""
ENTRY = """
import sys, time
began = time.perf_counter()
sys.path.insert(0, {folder!r})
import json, os
event = json.loads(sys.stdin.read())
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

class Context:
    aws_request_id = "0"
    def get_remaining_time_in_millis(self):
        return 60000

{code}
told = dict(wall_ms=(time.perf_counter() - began) * 1e3, cpu_ms=time.process_time() * 1e3, peak_mb=0.0)
try:  # ru_maxrss would tell the peak of the process that forked us, too
    with open("/proc/self/status") as status:
        told["peak_mb"] = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
except OSError:
    pass
os.write(2, json.dumps(told).encode())
"""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Medians: import and first event by the wall clock, the process' CPU time, its peak memory."""

    wall_ms: float
    cpu_ms: float
    peak_mb: float


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A role beside its floor; `ratio` holds the medians of the rounds' ratios."""

    role: str
    ours: Start
    floor: Start
    ratio: Start


def starts(folder: Path, plain: Path, rounds: int) -> list[Pair]:
    """Each role and its floor in turn, so that what slows the machine slows both. The floor starts from `plain`, whose
    botocore is as pip installs it."""
    with stub.serving() as url:
        return [_pair(folder, plain, url, role, rounds) for role in ROLES]


def _pair(folder: Path, plain: Path, url: str, role: str, rounds: int) -> Pair:
    event, place = _event(role), environment(url)
    queue = place["DMDESK_INBOUND_QUEUE"]
    service, call = ("sqs", PUT.format(queue=queue)) if role == "edge" else ("dynamodb", WRITE)
    function = {"edge": "app", "upkeep": "upkeep"}
    ours = OURS.format(function=function.get(role, role))
    floor = FLOOR.format(service=service, call=call, function=function.get(role, "worker"))
    both: tuple[list[Start], list[Start]] = ([], [])
    for _ in range(rounds):
        for found, where, code in zip(both, (folder, plain), (ours, floor), strict=True):
            found.append(_start(ENTRY.format(folder=str(where), code=code), place | {"DMDESK_ROLE": role}, event))
    ratios = [_ratio(*pair) for pair in zip(*both, strict=True)]
    return Pair(role=role, ours=_median(both[0]), floor=_median(both[1]), ratio=_median(ratios))


def _event(role: str) -> dict[str, Any]:
    from bench.workers import inbound, outbound

    if role == "edge":
        return webhook(delivery([messaging("5550000000000001", "0" * 32)]))
    if role == "upkeep":
        return SCHEDULED
    body = inbound(messaging("5550000000000001", "0" * 32)) if role == "to_desk" else outbound("5550000000000001", 1)
    return {"Records": [record(body, "g")]}


def _start(code: str, place: dict[str, str], event: dict[str, Any]) -> Start:
    command = [sys.executable, "-I", "-S", "-c", code]
    given = json.dumps(event).encode()
    done = subprocess.run(command, env=place, input=given, cwd="/", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return msgspec.json.decode(done.stderr.splitlines()[-1], type=Start)


def _ratio(ours: Start, floor: Start) -> Start:
    peak = ours.peak_mb / floor.peak_mb if floor.peak_mb else 0.0
    return Start(wall_ms=ours.wall_ms / floor.wall_ms, cpu_ms=ours.cpu_ms / floor.cpu_ms, peak_mb=peak)


def _median(found: list[Start]) -> Start:
    return Start(**{name: statistics.median(getattr(one, name) for one in found) for name in Start.__struct_fields__})
