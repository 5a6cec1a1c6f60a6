"""doctor's checks of what is in front of an account's desk: its CRM, its triage and its bot are asked, and its thanks
know what time it is."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from dateutil.tz import gettz

from chalicelib.errors import Malformed, Misconfigured, Retryable, Uncertain
from chalicelib.pipeline.front import bot as bots
from chalicelib.pipeline.front.asking import WITHIN_S
from chalicelib.pipeline.front.endpoint import Signed
from chalicelib.pipeline.front.thanks import ADVICE
from chalicelib.pipeline.front.triage import asked
from chalicelib.protocols.asking import Classifier, Turn
from chalicelib.rules import saying
from chalicelib.rules import triage as rules
from chalicelib.rules.talking import Spoken
from chalicelib.vocabulary.front import Bot, Crm, Thanks, Triage
from chalicelib.vocabulary.records import Account
from ops.bridge import Bridge
from ops.findings import Check, Checks, check, subject

# The first use of a schema is compiled, which may take long: here is the place to wait for it.
# docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
PATIENT_S = 15.0
MODES = ("tool", "schema", "text")
# Nobody's words, and nobody's id.
TEXT = "Where is my order? It should have come last week."
NOBODY = "dmdesk-doctor"
LATE = f"messages wait {WITHIN_S:g} s for it at most, and go on without: look at front_failed (docs/metrics.md)"


def checks(bridge: Bridge) -> Checks:
    """Of each account that has any: whether its CRM takes a call, how its models give an answer its shape, and whether
    there is the time zone of its thanks."""
    for account in bridge.accounts:
        if account.front.crm:
            yield _crm(bridge, account, account.front.crm)
        if account.front.triage:
            yield _triage(bridge, account, account.front.triage)
        if account.front.bot:
            yield _bot(bridge, account, account.front.bot)
        if account.front.thanks:
            yield _thanks(account, account.front.thanks)


def _crm(bridge: Bridge, account: Account, crm: Crm) -> Check:
    signed = Signed(bridge.runtime.post, bridge.runtime.secrets, bridge.clock)
    body = msgspec.json.encode(
        {
            "channel": account.channel,
            "account": account.id,
            "customerId": NOBODY,
            "username": "",
            "locale": account.language,
        }
    )
    told, problem = _tried(lambda: signed.ask(crm.url, crm.secret, body, WITHIN_S))
    if problem:
        return check("crm", subject(account), "fail", *problem)
    if not isinstance(told, dict):
        return check("crm", subject(account), "fail", "answers no JSON object", "docs/front.md has what it may answer")
    return check("crm", subject(account), "ok", "answers a signed call")


def _triage(bridge: Bridge, account: Account, triage: Triage) -> Check:
    classifier = bridge.runtime.classifiers[bool(triage.model)]
    problem = _judged(classifier, triage, account)
    if problem is None:
        return check("triage", subject(account), "ok", f"{triage.mode}: answers within {WITHIN_S:g} s")
    if _judged(classifier, triage, account, PATIENT_S) is None:
        return check("triage", subject(account), "warn", f"{triage.mode}: answers, and takes its time", LATE)
    others = [mode for mode in MODES if mode != triage.mode] if triage.model else []
    for mode in others:
        if _judged(classifier, msgspec.structs.replace(triage, mode=mode), account, PATIENT_S) is None:
            fix = f'set front.triage.mode to "{mode}" and run terraform apply'
            return check("triage", subject(account), "fail", f"{triage.mode}: {problem[0]}; {mode} works", fix)
    return check("triage", subject(account), "fail", *problem)


def _bot(bridge: Bridge, account: Account, bot: Bot) -> Check:
    problem = _answered(bridge, account, bot)
    if problem is None:
        return check("bot", subject(account), "ok", f"answers within {bot.seconds} s")
    for mode in [mode for mode in MODES if mode != bot.mode] if bot.model else []:
        if _answered(bridge, account, msgspec.structs.replace(bot, mode=mode)) is None:
            fix = f'set front.bot.mode to "{mode}" and run terraform apply'
            return check("bot", subject(account), "fail", f"{bot.mode}: {problem[0]}; {mode} works", fix)
    return check("bot", subject(account), "fail", *problem)


def _thanks(account: Account, thanks: Thanks) -> Check:
    """Where its time zone is none, nobody is thanked."""
    if gettz(thanks.zone) is None:
        return check("thanks", subject(account), "fail", f"there is no time zone {thanks.zone}", ADVICE)
    return check("thanks", subject(account), "ok", f"by the clock of {thanks.zone}")


def _answered(bridge: Bridge, account: Account, bot: Bot) -> tuple[str, str] | None:
    """What is wrong with the bot's answer, and what mends it; None where nothing is."""
    question = bots.asked(bot, [Spoken(by="customer", text=TEXT)], account.language, NOBODY)
    talker, talk = bridge.runtime.talker(bool(bot.model)), [Turn(by="customer", text=TEXT)]
    told, problem = _tried(lambda: talker(bot, question, talk, float(bot.seconds)))
    if problem is None and saying.read(told, bot.links) is None:
        return "answers something else than it was asked for", "docs/front.md has what it may answer"
    return problem


def _judged(
    classifier: Classifier, triage: Triage, account: Account, within_s: float = WITHIN_S
) -> tuple[str, str] | None:
    """What is wrong with the answer, and what mends it; None where nothing is."""
    question = asked(triage, TEXT, account.language, NOBODY)
    told, problem = _tried(lambda: classifier(triage, question, within_s))
    if problem is None and rules.facts(triage, told) is None:
        return "answers something else than it was asked for", "docs/front.md has what it may answer"
    return problem


def _tried(call: Callable[[], object]) -> tuple[object, tuple[str, str] | None]:
    """What came of the call: an answer, or what is wrong and what mends it."""
    try:
        return call(), None
    except Misconfigured as error:
        return None, (error.reason, error.advice)
    except (Retryable, Uncertain) as error:
        return None, (error.reason, LATE)
    except Malformed as error:
        return None, (str(error), "docs/front.md has what it may answer")
