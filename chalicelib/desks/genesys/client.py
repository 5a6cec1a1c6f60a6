"""The Open Messaging API as far as the bridge calls it.

developer.genesys.cloud/commdigital/digital/openmessaging
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from chalicelib.credentials import Secrets
from chalicelib.desks.genesys.capabilities import CAPABILITIES
from chalicelib.desks.genesys.oauth import Tokens
from chalicelib.desks.genesys.translate import inbound_message, receipt, structured_response
from chalicelib.errors import AlreadyThere, Misconfigured, RateLimited, Refused, Retryable, Uncertain, Unreachable
from chalicelib.http import Answer, Outgoing
from chalicelib.protocols.calls import harmless
from chalicelib.vocabulary.messages import LED_TO, DeskMessage, Source
from chalicelib.vocabulary.records import Account, Profile, Seat, Urged
from chalicelib.vocabulary.replies import File, Receipt
from chalicelib.wire import iso

JSON = "application/json; charset=utf-8"
MESSAGES = "/api/v2/conversations/messages"
ROUTING = "/api/v2/routing/conversations"
# The bulk read takes up to 1,000 ids; what a retry looks for is among the newest.
NEWEST = 100
HOUR_S = 3600.0
# Agents' files lie with AWS, whose European Sovereign Cloud has a domain of its own: docs.aws.eu. Anybody may have a
# bucket there, so Genesys' own address has to lead to it.
SOVEREIGN, SOVEREIGN_FILES, FILES = ".eusc-pure.cloud", f"{LED_TO}amazonaws.eu", f"{LED_TO}amazonaws.com"

ROLE = "give the role of the OAuth client {permission} (docs/genesys.md lists what it needs), for the division of {of}"
RECEIVE = ROLE.format(permission="conversation:message:receive", of="the integration")
VIEW = ROLE.format(permission="conversation:message:view", of="the conversations")
ANALYSE = ROLE.format(permission="analytics:conversationDetail:view", of="the conversations")
PRIORITISE = ROLE.format(permission="routing:conversation:edit", of="the queue")
# Genesys names no permission for participant data: what it can lack is the division.
MARK = ROLE.format(permission="conversation:message:view", of="the conversations")
INTEGRATION = (
    "Genesys has no Open Messaging integration {integration}: see that it exists (Admin > Message > Platforms) and "
    "that the account names it, then run terraform apply"
)
CLIENT = (
    "compare the OAuth client {client} with Admin > Integrations > OAuth: it has to exist in this organisation and "
    "region, with the grant type Client Credentials"
)
# What a participant of a conversation is in once it is over (SDK model MessageMediaParticipant.state).
OVER = {"", "none", "disconnected", "terminated"}
# What an agent is in who has not taken it yet.
OFFERED = {"alerting", "contacting", "dialing", "offering"}


class Genesys:
    """Posts customers' messages and receipts, and reads back what a conversation holds. The customer's id is all that
    it needs to find their conversation."""

    capabilities = CAPABILITIES

    def __init__(self, http: Outgoing, tokens: Tokens, api_url: str) -> None:
        self._http = http
        self._tokens = tokens
        self._api_url = api_url

    def deliver(self, account: Account, message: DeskMessage, seat: Seat, now: float) -> Seat:
        """POST …/inbound/open/message with prefetchConversationId; a tap first to …/structured/response, which is
        "part of an existing conversation", and as a message where Genesys refuses that. See `Desk.deliver`.
        """
        integration = self._integration(account, message.customer, seat)
        answer = self._shown(integration, message, now)
        if answer.status == 404 and integration != account.integration:  # it is gone, and nothing has been done
            integration = account.integration
            answer = self._shown(integration, message, now)
        return _entered(integration, seat, answer)

    def _integration(self, account: Account, customer: str, seat: Seat) -> str:
        """By which the customer's message enters: the one by which their conversation was opened, which its seat
        remembers, as long as that is open; the account's else. Genesys threads by integration and customer."""
        opened = seat.state
        if not seat.conversation or opened == account.integration or opened not in account.former_integrations:
            return account.integration
        try:
            return opened if self.is_open(account, customer, seat) else account.integration
        except Refused:  # Genesys does not know it any more
            return account.integration
        except Retryable:  # no message waits for this: as if it were open
            return opened

    def _shown(self, integration: str, message: DeskMessage, now: float) -> Answer:
        if message.tap:
            answer = self._inbound(integration, message.customer, "structured/response",
                                   structured_response(message, message.tap, now))  # fmt: skip
            # the offer is not known any more, or its conversation is over; an unknown outcome never comes here
            if answer.status not in {400, 404}:
                return answer
        body = inbound_message(message, now)
        return self._inbound(integration, message.customer, "message?prefetchConversationId=true", body)

    def find(self, account: Account, message: str, customer: str, seat: Seat, since: float, now: float) -> Seat | None:
        """Reads the known conversation, then the customer's others since then. See `Desk.find`."""
        known = seat.conversation
        try:
            if known and self._holds(message, customer, known):
                return seat
            for conversation in self.search(customer, since, now):
                if conversation != known and self._holds(message, customer, conversation):
                    return msgspec.structs.replace(seat, conversation=conversation, state=account.integration)
        except Uncertain as error:
            raise Unreachable(f"reading back: {error.reason}") from error
        return None

    def report(self, account: Account, told: Receipt, seat: Seat, now: float) -> None:
        """POST …/inbound/open/receipt. See `Desk.report`."""
        try:
            answer = self._inbound(account.integration, told.customer, "receipt", receipt(told, now))
        except Uncertain as error:  # a receipt may come twice
            raise Unreachable(error.reason) from error
        if answer.status // 100 not in {2, 4}:
            raise (Unreachable if answer.status >= 500 else Retryable)(_trace(answer), answer.retry_after_s())
        if answer.status == 404:  # it has forgotten the message, and waiting brings it not back
            raise Refused("other", f"Genesys does not know the message, or the integration: {_trace(answer)}")
        if answer.status != 409:
            _judge(answer, _gone(account.integration))
        taken = answer.json()
        # a 200 may itself say that the receipt was not taken
        if isinstance(taken, dict) and taken.get("status") == "Failed" and told.delivered:
            raise Refused("other", f"Genesys did not take the receipt: {_trace(answer)}")

    def is_open(self, account: Account, customer: str, seat: Seat) -> bool:
        """Whether the customer still takes part in it. See `Desk.is_open`."""
        if not seat.conversation:
            return False
        try:
            answer = self._call(customer, f"{MESSAGES}/{quote(seat.conversation)}")
        except Uncertain as error:
            raise Unreachable(f"reading back: {error.reason}") from error
        _read(answer, VIEW)
        return any(map(_takes_part, _customers(answer)))

    def urge(self, account: Account, customer: str, seat: Seat, priority: int, marks: Mapping[str, str]) -> Urged:
        """PATCH …/routing/conversations/{id} where no agent has it, and …/participants/{id}/attributes. A higher
        priority, which a flow or a supervisor gave, stays. See `Desk.urge`."""
        if not seat.conversation:
            return "held"
        path = f"{MESSAGES}/{quote(seat.conversation)}"
        answer = harmless(lambda: self._call(customer, path))
        if answer.status == 404:
            return "over"
        _read(answer, VIEW)
        here = [someone for someone in _customers(answer) if _takes_part(someone)]
        if not here:
            return "over"
        raised = priority and not _answering(answer) and self._prioritised(customer, seat, priority, answer)
        path = f"{path}/participants/{quote(str(here[0].get('id', '')))}/attributes"
        answer = harmless(lambda: self._call(customer, path, {"attributes": dict(marks)}, self._http.patch))
        if answer.status != 404:  # it ended meanwhile
            _changed(answer, MARK)
        return "raised" if raised else "held"

    def _prioritised(self, customer: str, seat: Seat, priority: int, shown: Answer) -> bool:
        """Whether it waits in a queue, and now with that priority at least. The call takes "an in-queue conversation",
        says the API's reference, and not how it refuses another."""
        if _priority(shown) >= priority:
            return True
        path = f"{ROUTING}/{quote(seat.conversation)}"
        answer = harmless(lambda: self._call(customer, path, {"priority": priority}, self._http.patch))
        if answer.status in {400, 404, 409}:
            return False
        _changed(answer, PRIORITISE)
        return True

    def introduce(self, account: Account, customer: str, profile: Profile) -> None:
        """Never asked for: Genesys makes an external contact of each customer by itself."""

    def source(self, file: File, seat: Seat) -> Source:
        """Such as https://api-downloads.mypurecloud.ie/api/v2/downloads/…: signed, so nothing of ours goes with it;
        it may lead on to S3 ("issues a redirect to a signed secure download URL": SDK, DownloadsApi.get_download).
        See `Desk.source`."""
        host = urlsplit(self._api_url).hostname or ""
        if not host.startswith("api."):
            return Source(url=file.url, hosts=(host,))
        files = SOVEREIGN_FILES if host.endswith(SOVEREIGN) else FILES
        return Source(url=file.url, hosts=(host.removeprefix("api."), files))

    def held(self, customer: str, conversation: str, whose: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """The newest messages of the conversation (SDK model MessageData); where purposes are named, only of those who
        take part for such a one. Nothing where the conversation is gone. Raises Retryable, Refused or Uncertain."""
        answer = self._call(customer, f"{MESSAGES}/{quote(conversation)}")
        if answer.status == 404:  # whatever it held is gone
            return []
        _read(answer, VIEW)
        those = [
            someone for someone in _list(answer.json(), "participants") if someone.get("purpose") in whose or not whose
        ]
        shown = [message for someone in those for message in _list(someone, "messages")]
        if not whose:  # each agent who took part has some
            shown.sort(key=lambda message: str(message.get("messageTime", "")))
        ids = list(dict.fromkeys(str(message.get("messageId", "")) for message in shown))
        if not ids:
            return []
        answer = self._call(customer, f"{MESSAGES}/{quote(conversation)}/messages/bulk", ids[-NEWEST:])
        _read(answer, VIEW)
        return _list(answer.json(), "entities")

    def _holds(self, message: str, customer: str, conversation: str) -> bool:
        held = self.held(customer, conversation, ("customer",))
        return any(provider_id(shown) == message for shown in held)

    def search(self, customer: str, since: float, now: float) -> list[str]:
        """Conversations of this customer since then (epoch s), newest first; the first message has no other trace.

        developer.genesys.cloud/analyticsdatamanagement/analytics/detail/conversation-query
        """
        wanted = {"addressFrom": customer, "messageType": "open"}
        predicates = [
            {"type": "dimension", "dimension": name, "operator": "matches", "value": value}
            for name, value in wanted.items()
        ]
        query = {
            "interval": f"{iso(int((since - HOUR_S) * 1000))}/{iso(int((now + HOUR_S) * 1000))}",
            "order": "desc",
            "orderBy": "conversationStart",
            "segmentFilters": [{"type": "and", "predicates": predicates}],
            "paging": {"pageSize": 5, "pageNumber": 1},
        }
        answer = self._call(customer, "/api/v2/analytics/conversations/details/query", query)
        _read(answer, ANALYSE)
        return [str(conversation.get("conversationId", "")) for conversation in _list(answer.json(), "conversations")]

    def _inbound(self, integration: str, customer: str, kind: str, body: dict[str, Any]) -> Answer:
        return self._call(customer, f"{MESSAGES}/{quote(integration)}/inbound/open/{kind}", body)

    def _call(
        self, conversation: str, path: str, body: Any = None, send: Callable[..., Answer] | None = None
    ) -> Answer:
        """One call with the conversation's OAuth client, a GET where there is no body, else a POST or what `send` says;
        a refused token is replaced once."""
        client = self._tokens.client_for(conversation)
        for last in (False, True):
            token = self._tokens.token(client)
            headers = {"Authorization": f"Bearer {token}", "Content-Type": JSON, "Accept": "application/json"}
            if body is None:
                answer = self._http.get(self._api_url + path, headers=headers)
            else:
                send = send or self._http.post
                answer = send(self._api_url + path, headers=headers, body=msgspec.json.encode(body))
            if answer.status != 401:
                break
            self._tokens.forget(client, token)
            if last:
                reason = f"Genesys refuses a new token of {client}: {_trace(answer)}"
                raise Misconfigured(reason, CLIENT.format(client=client))
        if answer.status == 429:
            wait = self._tokens.block(client, answer.retry_after_s())
            raise RateLimited(f"Genesys rate limit: {_trace(answer)}", wait)
        self._tokens.passed(client)
        return answer


def open_desk(
    http: Outgoing,
    secrets: Secrets,
    refresh: Callable[[str], bool],
    setting: Callable[[str], str],
    clock: Callable[[], float],
) -> Genesys:
    """The desk over that session, with the OAuth clients of the secret that the settings name. See `OpenDesk`."""
    tokens = Tokens(http, secrets, setting("genesys_oauth_secret"), setting("genesys_login"), clock, refresh)
    return Genesys(http, tokens, setting("genesys_api"))


def provider_id(entity: dict[str, Any]) -> object:
    """The `channel.messageId` under which a message was posted, None where the entity tells none."""
    normalized = entity.get("normalizedMessage")
    channel = normalized.get("channel") if isinstance(normalized, dict) else None
    return channel.get("messageId") if isinstance(channel, dict) else None


def _entered(integration: str, seat: Seat, answer: Answer) -> Seat:
    """With the conversation that a message entered, "" where the answer does not tell, and by which integration."""
    if answer.status == 409:
        raise AlreadyThere(_trace(answer))
    _judge(answer, _gone(integration))
    body = answer.json()
    entered = str(body.get("conversationId", "")) if isinstance(body, dict) else ""
    return msgspec.structs.replace(seat, conversation=entered, state=integration)


def _gone(integration: str) -> str:
    return INTEGRATION.format(integration=integration)


def _judge(answer: Answer, missing: str) -> None:
    """What Genesys' answer to something that changes means; `missing` is the advice where it finds nothing there."""
    if answer.status // 100 == 2:
        return
    if answer.status == 403:
        raise Misconfigured(_trace(answer), RECEIVE)
    if answer.status == 404:
        raise Misconfigured(_trace(answer), missing)
    _again(answer, "")
    if answer.status // 100 != 4:
        # a gateway (502, 504) does not know what became of it
        raise Uncertain(_trace(answer), answered=answer.status in {500, 503})
    raise Refused("other", _trace(answer))


def _read(answer: Answer, permission: str) -> None:
    """What Genesys' answer to a question means. What it will not tell is another thing than a no."""
    if answer.status == 200:
        return
    if answer.status == 403:
        raise Misconfigured(f"reading back: {_trace(answer)}", permission)
    _again(answer, "reading back: ")
    if 400 <= answer.status < 500:
        raise Refused("unconfirmed", f"reading back: {_trace(answer)}")
    away = Unreachable if answer.status >= 500 else Retryable
    raise away(f"reading back: {_trace(answer)}", answer.retry_after_s())


def _changed(answer: Answer, permission: str) -> None:
    """What Genesys' answer to a change means that may be made twice."""
    if answer.status // 100 == 2:
        return
    if answer.status == 403:
        raise Misconfigured(f"raising: {_trace(answer)}", permission)
    _again(answer, "raising: ")
    if 400 <= answer.status < 500:
        raise Refused("other", f"raising: {_trace(answer)}")
    raise Retryable(f"raising: {_trace(answer)}", answer.retry_after_s())


def _again(answer: Answer, what: str) -> None:
    """Raises Retryable where Genesys took the call and did nothing with it."""
    if answer.status in Answer.NOT_PROCESSED:
        raise Retryable(f"{what}{_trace(answer)}", answer.retry_after_s())


def _customers(answer: Answer) -> list[dict[str, Any]]:
    """Those of a conversation's participants that are the customer."""
    return [someone for someone in _list(answer.json(), "participants") if someone.get("purpose") == "customer"]


def _takes_part(someone: dict[str, Any]) -> bool:
    return str(someone.get("state") or "").lower() not in OVER


def _answering(answer: Answer) -> bool:
    """Whether an agent has taken the conversation; who is only alerted has not."""
    agents = [one for one in _list(answer.json(), "participants") if one.get("purpose") in {"agent", "user"}]
    return any(_takes_part(one) and str(one.get("state")).lower() not in OFFERED for one in agents)


def _priority(answer: Answer) -> int:
    """The conversation's highest priority in a queue, as far as it is told (SDK model ConversationRoutingData)."""
    routed = [one.get("conversationRoutingData") for one in _list(answer.json(), "participants") if _takes_part(one)]
    told = [one.get("priority") for one in routed if isinstance(one, dict)]
    return max((one for one in told if type(one) is int), default=0)


def _trace(answer: Answer) -> str:
    """Genesys' error code and the id that its support asks for; never its message, which may quote ours."""
    error = answer.json()
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    return f"HTTP {answer.status} {code[:60]} correlation {answer.headers.get('inin-correlation-id', '')[:64]}"


def _list(held: Any, name: str) -> list[dict[str, Any]]:
    items = held.get(name) if isinstance(held, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
