"""doctor: everything a message passes, checked from outside, one line each with what mends it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Literal, ParamSpec

import msgspec

from chalicelib.channels.instagram.about import options
from chalicelib.desks.genesys.oauth import Tokens
from chalicelib.errors import Retryable, Uncertain
from chalicelib.vocabulary.records import Account
from ops import causes, genesys, instagram
from ops.bridge import Bridge
from ops.errors import OpsError
from ops.inventory import ago
from ops.output import Out
from ops.tiktok import AUTHORISE, COMMENT_TYPES, EVENT_TYPE, SCOPES, App, approval

# What the running bridge calls needs them; terraform/modules/genesys/role.tf gives exactly these.
RUNTIME_PERMISSIONS = ("conversation:message:receive", "conversation:message:view", "analytics:conversationDetail:view")
DAY_S = 86_400.0
# Instagram: 60 days, to be renewed in time. TikTok: a day.
TOKEN_S = {"instagram": 60 * DAY_S, "tiktok": DAY_S}
LEFT_S = 10 * DAY_S
QUIET_S = 3 * DAY_S
STUCK_S = 300.0
# Signatures of TikTok are good for 300 s; a wrong clock also spoils AWS' own signatures.
SKEW_S = 60.0

P = ParamSpec("P")
Status = Literal["ok", "warn", "fail"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding; `fix` is empty where nothing is to be done."""

    check: str
    subject: str
    status: Status
    detail: str
    fix: str = ""


Checks = Iterator[Check]


def run(
    bridge: Bridge, out: Out, webhook_url: str, tiktok_app_id: str, genesys_url: str | None, login_url: str | None
) -> list[Check]:
    """Every check; one that cannot be made is a failed one. Raises OpsError where the table cannot be read."""
    accounts = bridge.accounts
    found: list[Check] = []
    if not accounts:
        found.append(_check("accounts", "table", "fail", "no accounts", "run terraform apply"))
    where = genesys.Hosts(
        (genesys_url or bridge.settings.vendors["genesys_api"]).rstrip("/"),
        (login_url or bridge.settings.vendors["genesys_login"]).rstrip("/"),
    )
    found += _made("secrets", "deployment", _secrets, bridge)
    found += _made("genesys runtime login", where.login, _runtime_logins, bridge, where)
    api: list[genesys.Genesys] = []
    found += _made("genesys login", where.login, _login, where, out, api)
    if api:
        found += _made("role permissions", "runtime clients", _roles, bridge, api[0])
        for one in accounts:
            found += _made("integration", _name(one), _integration, api[0], one)
    if any(one.channel == "instagram" for one in accounts):
        found += _made("graph version", bridge.settings.vendors["graph_version"], _graph, bridge)
    for one in accounts:
        found += _made("token", _name(one), _token_age, bridge, one)
        if one.channel == "instagram":
            found += _made("ids", _name(one), _ids, bridge, one)
            found += _made("webhook fields", _name(one), _fields, bridge, one)
    if any(one.channel == "tiktok" for one in accounts):
        found += _made("tiktok", "app", _tiktok, bridge, tiktok_app_id, webhook_url)
    found += _made("last inbound", "accounts", _inbound, bridge)
    found += _made("queues", "deployment", _queues, bridge)
    found += _made("clock", where.api, _clock, bridge, where)
    return found


def lines(found: Sequence[Check]) -> list[str]:
    """A line for each check, its fix beneath, and the sum."""
    shown: list[str] = []
    for one in found:
        shown.append(f"{one.status:<4}  {one.check}, {one.subject}: {one.detail}")
        if one.fix and one.status != "ok":
            shown.append(f"      fix: {one.fix}")
    counts = {status: sum(one.status == status for one in found) for status in ("ok", "warn", "fail")}
    return [*shown, f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed"]


def _made(check: str, subject: str, work: Callable[P, Checks], *args: P.args, **named: P.kwargs) -> Checks:
    """The checks that `work` makes; what stops it is one more, failed."""
    try:
        yield from work(*args, **named)
    except OpsError as error:
        yield _check(check, subject, "fail", error.message, error.fix)


def _check(check: str, subject: str, status: Status, detail: str, fix: str = "") -> Check:
    return Check(check=check, subject=subject, status=status, detail=detail, fix=fix)


def _name(account: Account) -> str:
    return f"{account.channel} {account.id}"


def _secrets(bridge: Bridge) -> Checks:
    names = bridge.settings.vendors
    channels = {one.channel for one in bridge.accounts}
    wanted = [(names["genesys_webhook_secret"], "secrets"), (names["genesys_oauth_secret"], "clients")]
    wanted += [(names["instagram_secret"], "secrets"), (names["instagram_secret"], "verify_tokens")] * (
        "instagram" in channels
    )
    wanted += [(names["tiktok_secret"], "secrets")] * ("tiktok" in channels)
    for name, key in wanted:
        held = bridge.listed(name, key)
        if held and all(held):
            yield _check("secret", name, "ok", f"holds {len(held)} {key}")
        else:
            yield _check("secret", name, "fail", f"holds no {key}: the bridge refuses what it cannot verify",
                         f"put {{\"{key}\": […]}} into it, or set its variable and run terraform apply")  # fmt: skip


# --- Genesys Cloud


def _clients(bridge: Bridge) -> list[str]:
    """The ids of the runtime clients that the secret holds in full."""
    listed = bridge.listed(bridge.settings.vendors["genesys_oauth_secret"], "clients")
    return [str(client["id"]) for client in listed if not _lacking(client)]


def _lacking(client: Any) -> list[str]:
    """Which of its parts an entry of the secret lacks."""
    known = client if isinstance(client, dict) else {}
    return [name for name in ("id", "secret") if not (isinstance(known.get(name), str) and known[name].strip())]


def _runtime_logins(bridge: Bridge, where: genesys.Hosts) -> Checks:
    name = bridge.settings.vendors["genesys_oauth_secret"]
    for number, client in enumerate(bridge.listed(name, "clients"), 1):
        if lacking := _lacking(client):
            yield _check("genesys runtime login", f"client {number}", "fail",
                         f"its entry in the secret {name} has no {' and no '.join(lacking)}",
                         f'put {{"clients": [{{"id": …, "secret": …}}]}} into the secret {name}')  # fmt: skip
        else:
            yield _runtime_login(bridge, client, where)


def _runtime_login(bridge: Bridge, entry: dict[str, str], where: genesys.Hosts) -> Check:
    secret, client = bridge.settings.vendors["genesys_oauth_secret"], entry["id"]
    tokens = Tokens(bridge.http, lambda _: {"clients": [entry]}, secret, where.login, bridge.clock)
    try:
        tokens.token(client)
    except Retryable as error:
        behind = error.__cause__ if isinstance(error.__cause__, (Retryable, Uncertain)) else error
        told = causes.vendor(behind, where.login)
        return _check("genesys runtime login", client, "fail", told.message, told.fix)
    return _check("genesys runtime login", client, "ok", "gets tokens")


def _login(where: genesys.Hosts, out: Out, api: list[genesys.Genesys]) -> Checks:
    made = genesys.Genesys(where, os.environ, out.hide)
    name = made.organisation()
    api.append(made)
    yield _check("genesys login", where.api, "ok", f"organisation {name}")


def _roles(bridge: Bridge, api: genesys.Genesys) -> Checks:
    for client in _clients(bridge):
        held = api.permissions(client)
        missing = [wanted for wanted in RUNTIME_PERMISSIONS if not _allowed(wanted, held)]
        if missing:
            yield _check("role permissions", client, "fail", f"lacks {', '.join(missing)}",
                         f"dmdesk grant-role --client {client} --role {_ROLE}")  # fmt: skip
        else:
            yield _check("role permissions", client, "ok", f"has all {len(RUNTIME_PERMISSIONS)} that the bridge needs")


_ROLE = '"$(terraform -chdir=terraform output -raw genesys_role_id)"'


def _allowed(wanted: str, held: set[str]) -> bool:
    domain, entity, _ = wanted.split(":")
    return bool({wanted, f"{domain}:{entity}:*", f"{domain}:*:*"} & held)


def _integration(api: genesys.Genesys, account: Account) -> Checks:
    found = api.integration(account.integration)
    if found.created not in {"Completed", ""} or not found.recipient:
        yield _check("integration", _name(account), "fail", f"{found.created or 'no recipient'} {found.error}".strip(),
                     "run terraform apply again; it waits for the integration")  # fmt: skip
        return
    yield _check("integration", _name(account), "ok", f"{found.name}, {found.status or found.created}")
    flow = api.flow_of(found.recipient)
    if flow:
        yield _check("flow", _name(account), "ok", f"flow {flow} is attached")
    else:
        yield _check("flow", _name(account), "fail", "no flow is attached: conversations reach nobody",
                     f"dmdesk link-flow --integration {account.integration} --flow …")  # fmt: skip


# --- the platforms


def _token_age(bridge: Bridge, account: Account) -> Checks:
    if not bridge.token(account):
        fix = instagram.RENEW if account.channel == "instagram" else AUTHORISE
        yield _check("token", _name(account), "fail", f"the secret {account.secret} holds no access_token", fix)
        return
    told = _ends(bridge, account) or _aged(bridge, account)
    yield _check("token", _name(account), *told)


def _ends(bridge: Bridge, account: Account) -> tuple[Status, str, str] | None:
    """By the times that the bridge's own renewal stores beside the token; None where there are none."""
    held = bridge.secret(account.secret)
    ends = [held.get(name) for name in ("expires_at", "refresh_expires_at")]
    known = [end - bridge.clock() for end in ends if isinstance(end, (int, float))]
    if not known:
        return None
    fix = instagram.RENEW if account.channel == "instagram" else AUTHORISE
    if min(known) <= 0:
        return (
            "fail",
            f"ended {ago(-min(known))}",
            f"the upkeep function's log tells why it was not renewed; else {fix}",
        )
    # the access token renews itself, a person's consent does not
    status: Status = "ok" if known[-1] > LEFT_S or (len(known) == 1 and account.channel == "tiktok") else "warn"
    return status, f"good for {max(known) / DAY_S:.1f} d more", fix


def _aged(bridge: Bridge, account: Account) -> tuple[Status, str, str]:
    """By when the secret was written."""
    age, life = bridge.secret_age_s(account.secret), TOKEN_S[account.channel]
    fix = instagram.RENEW if account.channel == "instagram" else AUTHORISE
    if age is None:
        return "ok", "age unknown", ""
    if options(account).login == "facebook":
        return "ok", "does not expire by time", ""
    if age < life * 0.8:
        return "ok", f"written {ago(age)}", ""
    return "warn" if age < life else "fail", f"written {ago(age)}, lives {life / DAY_S:g} d", fix


def _ids(bridge: Bridge, account: Account) -> Checks:
    ours, found = options(account), instagram.identity(bridge, account)
    yield _version_answered(bridge, account, found.version)
    told = f"/me answers {', '.join(found.shape) or 'nothing'}"
    if not found.user_id:
        yield _check("login", _name(account), "warn", f"{told}, and not what a login by {ours.login} does",
                     instagram.UNIFIED if ours.login == "instagram" else f"link the Page; else {instagram.UNIFIED}",
                     )  # fmt: skip
        return
    yield _check("login", _name(account), "ok", f"by {ours.login}: {told}")
    if found.user_id == account.id and ours.page in {"", found.page}:
        yield _check("ids", _name(account), "ok", "the token is this account's, and webhooks carry this id")
    elif account.id == found.id:
        yield _check("ids", _name(account), "fail", "is the app-scoped id; webhooks carry user_id and find no account",
                     f"set the account's id to {found.user_id} and run terraform apply")  # fmt: skip
    else:
        other = found.user_id + (f", Page {found.page}" if found.page else "")
        yield _check("ids", _name(account), "fail", f"its token belongs to {other}",
                     "put this account's token into its secret, or correct id and page")  # fmt: skip


def _version_answered(bridge: Bridge, account: Account, version: str) -> Check:
    """Meta answers a version that is over as its oldest one, and says so in a header only."""
    asked = bridge.settings.vendors["graph_version"]
    if version in {"", asked}:
        return _check("graph answers", _name(account), "ok", f"as {asked}" if version else "without its version")
    return _check("graph answers", _name(account), "warn", f"asked for {asked}, answered as {version}",
                  instagram.VERSION_SETTING)  # fmt: skip


def _graph(bridge: Bridge) -> Checks:
    version = bridge.settings.vendors["graph_version"]
    status, detail = instagram.version_of(version, bridge.clock())
    yield _check("graph version", version, status, detail, instagram.VERSION_SETTING)


def _fields(bridge: Bridge, account: Account) -> Checks:
    held = instagram.subscribed(bridge, account)
    missing = set(instagram.fields(account)) - held
    if not missing:
        yield _check("webhook fields", _name(account), "ok", "every field is delivered")
    else:
        # without `messages` nothing arrives at all
        status: Status = "fail" if "messages" in missing else "warn"
        yield _check("webhook fields", _name(account), status, f"not delivered: {', '.join(sorted(missing))}",
                     "dmdesk subscribe, and tick them for the instagram object in the App Dashboard")  # fmt: skip
    yield _comment_fields(account, held)


def _comment_fields(account: Account, held: set[str]) -> Check:
    """Nobody has to want comments; half of them is worth a look."""
    known = set(instagram.comment_fields(account))
    if not known:
        return _check("comments", _name(account), "ok", "as ticked in the App Dashboard", instagram.DASHBOARD)
    if not known & held:
        return _check("comments", _name(account), "ok", "not subscribed", "dmdesk subscribe --comments")
    if known <= held:
        return _check("comments", _name(account), "ok", "every field is delivered")
    lacking = ", ".join(sorted(known - held))
    return _check("comments", _name(account), "warn", f"not delivered: {lacking}", "dmdesk subscribe --comments")


def _tiktok(bridge: Bridge, app_id: str, webhook_url: str) -> Checks:
    app = App(bridge, app_id)
    held = app.callback()
    if held and webhook_url in {"", held}:
        yield _check("webhook", f"tiktok app {app.id}", "ok", f"{EVENT_TYPE} goes to {held}")
    else:
        yield _check("webhook", f"tiktok app {app.id}", "fail", f"{EVENT_TYPE} goes to {held or 'nowhere'}",
                     "dmdesk subscribe --webhook-url …")  # fmt: skip
    comments, scopes = _comment_types(app, webhook_url)
    yield comments
    for one in bridge.accounts:
        if one.channel == "tiktok":
            yield from _made("scopes", _name(one), _scopes, app, one, scopes)


def _comment_types(app: App, webhook_url: str) -> tuple[Check, list[str]]:
    """Where comments and mentions go, and the scopes that what is registered needs of each account."""
    name = f"tiktok app {app.id}"
    try:
        held = {event_type: app.callback(event_type) for event_type in COMMENT_TYPES}
    except OpsError as error:
        # no fault: an app that wants none need not be let ask
        return _check("comments", name, "ok", f"not subscribed as far as is told: {error.message}", error.fix), []
    registered = [event_type for event_type, url in held.items() if url]
    if not registered:
        return _check("comments", name, "ok", "not subscribed", "dmdesk subscribe --comments"), []
    here = all(url and webhook_url in {"", url} for url in held.values())
    detail = ", ".join(f"{event_type} goes to {url or 'nowhere'}" for event_type, url in held.items())
    fix = "dmdesk subscribe --comments --webhook-url …"
    check = _check("comments", name, "ok" if here else "warn", detail, fix)
    return check, [COMMENT_TYPES[event_type] for event_type in registered]


def _scopes(app: App, account: Account, comments: Sequence[str]) -> Checks:
    held = app.scopes(account)
    missing = [scope for scope in SCOPES if scope not in held]
    if missing:
        # TikTok grants them to no account of these regions, and tells the region nowhere
        yield _check("scopes", _name(account), "fail", f"lacks {', '.join(missing)}", f"{AUTHORISE}; {_REGION}")
    else:
        yield _check("scopes", _name(account), "ok", f"has {', '.join(SCOPES)}")
        yield _check("region", _name(account), "ok", "messaging is granted, so the account's region is let in")
    lacking = [scope for scope in comments if scope not in held]
    if lacking:
        yield _check("comments", _name(account), "warn", f"lacks {', '.join(lacking)}", approval(lacking))
    elif comments:
        yield _check("comments", _name(account), "ok", f"has {', '.join(comments)}")


_REGION = (
    "accounts registered in the EEA, Switzerland or the UK cannot have them, those of the US only after TikTok's "
    "extra review"
)


# --- AWS


def _inbound(bridge: Bridge) -> Checks:
    newest = bridge.last_inbound_ms()
    for one in bridge.accounts:
        told = newest.get((one.channel, one.id), 0)
        age = bridge.clock() - told / 1000
        if told and age < QUIET_S:
            yield _check("last inbound", _name(one), "ok", ago(age))
        else:
            yield _check("last inbound", _name(one), "warn", ago(age) if told else "nobody has written yet",
                         "write to the account; if nothing arrives, look at its webhook above")  # fmt: skip


def _queues(bridge: Bridge) -> Checks:
    names = bridge.settings
    for name, url, dead in (
        ("inbound", names.inbound_queue, names.inbound_dead_letters),
        ("outbound", names.outbound_queue, names.outbound_dead_letters),
    ):
        waiting, oldest = bridge.waiting(url), bridge.oldest_s(url)
        age = "" if oldest is None else f", the oldest for {oldest:g} s"
        status: Status = "warn" if oldest is not None and oldest > STUCK_S else "ok"
        fix = "look at the worker's errors and at rate limits in its log group"
        yield _check("queue", name, status, f"{waiting} waiting{age}", fix)
        letters = bridge.waiting(dead)
        if letters:
            yield _check("dead letters", name, "fail", f"{letters} waiting",
                         "read their reason attribute; once it is mended, redrive them in the SQS console")  # fmt: skip
        else:
            yield _check("dead letters", name, "ok", "none")


def _clock(bridge: Bridge, where: genesys.Hosts) -> Checks:
    answer = bridge.get(where.api + "/api/v2/organizations/me", {}, "Genesys Cloud")
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        yield _check("clock", where.api, "warn", "no Date header to compare with")
        return
    skew = bridge.clock() - theirs
    if abs(skew) <= SKEW_S:
        yield _check("clock", where.api, "ok", "agrees to the minute")
    else:
        direction = "ahead of" if skew > 0 else "behind"
        yield _check("clock", where.api, "fail", f"this machine is {abs(skew):.0f} s {direction} Genesys Cloud",
                     "switch on NTP")  # fmt: skip
