"""Pure code: µs per event for each kind, and per signature, by pyperf (`-o FILE` writes its own format)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyperf

from chalicelib.channels.instagram.translate import TRANSLATOR as INSTAGRAM
from chalicelib.channels.instagram.webhook import WEBHOOK as INSTAGRAM_WEBHOOK
from chalicelib.channels.tiktok.translate import TRANSLATOR as TIKTOK
from chalicelib.channels.tiktok.webhook import WEBHOOK as TIKTOK_WEBHOOK
from chalicelib.desks.genesys.translate import TRANSLATOR as GENESYS
from chalicelib.desks.genesys.webhook import WEBHOOK as GENESYS_WEBHOOK
from chalicelib.edge.storing import events_of
from chalicelib.http import Request
from chalicelib.protocols.webhook import Webhook
from chalicelib.vocabulary.records import Event

FIXTURES = Path(__file__).resolve().parents[1] / "tests" / "fixtures"
KINDS = {
    "instagram": (
        "message__text", "message__image", "message__several_attachments", "message__share", "message__story_mention",
        "message__referral_ad", "message__quick_reply", "message__unsupported", "message__deleted",
        "message_edit__text", "message_echo__text", "postback__ice_breaker", "reaction__react", "read__seen",
        "referral__ad",
        "changes__comments", "changes__mentions",
    ),
    "tiktok": (
        "im_receive_msg__text", "im_receive_msg__image", "im_receive_msg__share_post", "im_receive_msg__reaction_add",
        "im_receive_msg_eu__bare", "im_send_msg__app", "im_mark_read_msg__read", "im_referral_msg__ad",
        "im_receive_high_intent_comment__comment", "comment_update__insert", "brand_mention__comment",
    ),
    "genesys": (
        "text__human", "attachment__image", "structured__quick_replies", "structured__carousel", "event__typing",
        "receipt__published",
    ),
}  # fmt: skip
PLATFORMS: dict[str, tuple[Webhook, Callable[[Event], object]]] = {
    "instagram": (INSTAGRAM_WEBHOOK, INSTAGRAM.parse),
    "tiktok": (TIKTOK_WEBHOOK, TIKTOK.parse),
    "genesys": (GENESYS_WEBHOOK, GENESYS.parse),
}
KEY = "the-webhook-secret-of-the-bench"
NOW = 1_800_000_000

Work = Callable[[], object]


def cases() -> dict[str, tuple[Work, Work]]:
    """Name → ours and its floor: JSON for a translation, HMAC for a signature."""
    found: dict[str, tuple[Work, Work]] = {}
    for platform, kinds in KINDS.items():
        for kind in kinds:
            body = json.dumps(json.loads((FIXTURES / platform / f"{kind}.json").read_bytes())).encode()
            webhook, parse = PLATFORMS[platform]
            [event, *_] = events_of(webhook, body, NOW)  # as the edge stores it
            found[f"{platform}: {_named(kind)}"] = partial(parse, event), partial(json.loads, bytes(event.raw))
        found[f"{platform}: signature"] = _signature(platform, body)
    return found


def _signature(platform: str, body: bytes) -> tuple[Work, Work]:
    signed = f"{NOW}.".encode() + body if platform == "tiktok" else body
    digest = hmac.new(KEY.encode(), signed, hashlib.sha256).digest()
    header = {
        "instagram": f"sha256={digest.hex()}",
        "tiktok": f"t={NOW},s={digest.hex()}",
        "genesys": f"sha256={base64.b64encode(digest).decode()}",
    }[platform]

    def floor() -> None:
        assert hmac.compare_digest(hmac.new(KEY.encode(), signed, hashlib.sha256).digest(), digest)

    webhook, _ = PLATFORMS[platform]
    request = Request(method="POST", headers={webhook.signature_header: header}, query={}, body=body)
    return partial(webhook.verify, request, [KEY], NOW), floor


def medians(quick: bool) -> list[tuple[str, float, float]]:
    """Name, ours and the floor in µs of CPU time: medians over processes of pyperf's."""
    options = ["-p", "1" if quick else "2", "-n", "5", "-w", "1", "--loops", "1000", *(["--quick"] if quick else [])]
    with tempfile.TemporaryDirectory(prefix="dmdesk-bench-") as folder:
        out = Path(folder) / "translation.json"
        command = [sys.executable, "-m", "bench.translation", "-o", str(out), "--quiet", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        suite = {bench.get_name(): bench.median() * 1e6 for bench in pyperf.BenchmarkSuite.load(str(out))}
    return [(name, suite[name], suite[f"{name} (floor)"]) for name in _chosen(quick)]


def _chosen(quick: bool) -> dict[str, tuple[Work, Work]]:
    """All cases; of each platform the first kind and the signature where it has to be quick."""
    first = {f"{platform}: {_named(kinds[0])}" for platform, kinds in KINDS.items()}
    return {name: case for name, case in cases().items() if not quick or name in first or name.endswith(": signature")}


def _named(kind: str) -> str:
    return kind.replace("__", ", ").replace("_", " ")


def _repeated(work: Work) -> Callable[[int], float]:
    def run(loops: int) -> float:
        start = time.process_time()
        for _ in range(loops):
            work()
        return time.process_time() - start

    return run


def main() -> None:
    """What a process of pyperf's runs."""
    runner = pyperf.Runner(
        program_args=("-m", "bench.translation"),
        add_cmdline_args=lambda command, chosen: command.extend(["--quick"] if chosen.quick else []),
    )
    runner.argparser.add_argument("--quick", action="store_true")
    chosen = runner.parse_args()
    for name, (ours, floor) in _chosen(chosen.quick).items():
        runner.bench_time_func(name, _repeated(ours))
        runner.bench_time_func(f"{name} (floor)", _repeated(floor))


if __name__ == "__main__":
    main()
