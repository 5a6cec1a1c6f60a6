"""Amazon Connect's own API as far as chats need it: beginning, streaming, ending, and what is known of a contact.

docs.aws.amazon.com/connect/latest/APIReference/API_StartChatContact.html and its neighbours
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from sandbox.simulators.connect.contacts import PLAIN, Chat, Participant, Segment
from sandbox.simulators.connect.hall import Hall
from sandbox.simulators.connect.instance import QUEUE
from sandbox.simulators.connect.streaming import topic_fault
from sandbox.simulators.connect.wire import ApiError
from sandbox.stage.clock import iso

Asked = dict[str, Any]
MOST_ATTRIBUTES = 32_768
MOST_TOPICS = 2
DEFAULT_MINUTES = 25 * 60
# "wait 30 to 60 seconds after the chat has ended"
SETTLES_S = 30.0
_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Contacting:
    """The operations by their names."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self.operations = {
            "StartChatContact": self._start,
            "StartContactStreaming": self._stream,
            "StopContactStreaming": self._stop_streaming,
            "CreatePersistentContactAssociation": self._associate,
            "StopContact": self._stop,
            "DescribeContact": self._describe,
            "UpdateContactAttributes": self._set_attributes,
            "GetContactAttributes": self._attributes,
            "UpdateContactRoutingData": self._route,
        }

    # --- beginning

    def _start(self, asked: Asked) -> Asked:
        token = asked.get("ClientToken", "")
        every = self._hall.chats.every.values()
        before = next((one for one in every if token and one.asked["ClientToken"] == token), None)
        if before is not None:
            return self._started_again(before, asked)
        self._check(asked)
        active = sum(not one.ended_at for one in every)
        if active >= self._hall.switches.active_chats:
            raise ApiError("LimitExceededException", "the quota of concurrent active chats is reached")
        chat = self._made(asked)
        self._hall.began(chat)
        if "ChatStreamingConfiguration" in asked:
            chat.streams[str(uuid.uuid4())] = asked["ChatStreamingConfiguration"]["StreamingEndpointArn"]
        if "InitialMessage" in asked:
            first = asked["InitialMessage"]
            self._hall.say(chat, "MESSAGE", chat.customer, first["ContentType"], first["Content"])
        return self._started(chat)

    def _started_again(self, chat: Chat, asked: Asked) -> Asked:
        """The original chat, whatever has become of it."""
        if asked != chat.asked and self._hall.switches.repeats == "refuses":
            raise ApiError("InvalidRequestException", "the ClientToken was used with other parameters")
        return self._started(chat)

    def _made(self, asked: Asked) -> Chat:
        now = self._hall.clock()
        minutes = asked.get("ChatDurationInMinutes", DEFAULT_MINUTES)
        customer = Participant("CUSTOMER", asked["ParticipantDetails"]["DisplayName"])
        first = Segment(str(uuid.uuid4()), "API", now)
        chat = Chat(
            {"ClientToken": ""} | asked, customer, [first], dict(asked.get("Attributes", {})), now + minutes * 60
        )
        if "PersistentChat" in asked:
            chat.continued_from = asked["PersistentChat"]["SourceContactId"]
        return chat

    def _started(self, chat: Chat) -> Asked:
        told: Asked = {"ContactId": chat.id, "ParticipantId": chat.customer.id, "ParticipantToken": chat.token}
        if chat.continued_from:
            told["ContinuedFromContactId"] = chat.continued_from
        if "CONNECTION_CREDENTIALS" in chat.asked.get("ConnectionTypes", []) and not chat.ended_at:
            token, until = self._hall.chats.connected(chat)
            chat.connected_at = chat.connected_at or self._hall.clock()
            told["ConnectionCredentials"] = {"ConnectionToken": token, "Expiry": iso(until)}
        if "ChatStreamingConfiguration" in chat.asked:
            told["StreamingId"] = next(iter(chat.streams), "stopped")
        return told

    def _check(self, asked: Asked) -> None:
        """What no shape tells: what excludes what, and what must be there."""
        self._hall.instance.flow(asked["ContactFlowId"])
        _check_attributes(asked.get("Attributes", {}))
        types = asked.get("SupportedMessagingContentTypes")
        if types is not None and PLAIN not in types:
            raise ApiError("InvalidParameterException", "SupportedMessagingContentTypes must have text/plain")
        if "PersistentChat" in asked and "RelatedContactId" in asked:
            raise ApiError("InvalidRequestException", "PersistentChat and RelatedContactId exclude each other")
        if "InitialMessage" in asked and asked["InitialMessage"]["ContentType"] not in {PLAIN, *(types or [])}:
            raise ApiError("InvalidParameterException", "the InitialMessage's ContentType is not supported by the chat")
        if "PersistentChat" in asked:
            source = asked["PersistentChat"]
            if set(source) != {"RehydrationType", "SourceContactId"}:
                raise ApiError("InvalidRequestException", "PersistentChat needs RehydrationType and SourceContactId")
            self._check_source(source["RehydrationType"], source["SourceContactId"])
        if "ChatStreamingConfiguration" in asked:
            self._check_topic(asked["ChatStreamingConfiguration"]["StreamingEndpointArn"])

    def _check_source(self, kind: str, contact: str) -> None:
        """A chat goes on from one that has ended, and has settled since."""
        source = self._hall.chats.of(contact)
        if source is None or (kind == "ENTIRE_PAST_SESSION" and contact != source.id):
            raise ApiError("ResourceNotFoundException", "there is no such past chat")
        if not source.ended_at or self._hall.clock() - source.ended_at < SETTLES_S:
            raise ApiError("InvalidRequestException", "the past chat has not ended, or too shortly ago")

    def _check_topic(self, topic: str) -> None:
        fault = topic_fault(topic, self._hall.instance.region)
        if fault:
            raise ApiError("InvalidParameterException", fault)

    # --- streaming

    def _stream(self, asked: Asked) -> Asked:
        chat = self._going(asked["ContactId"])
        key = ("StartContactStreaming", asked["ClientToken"])
        if key in chat.repeats:
            return chat.repeats[key]
        topic = asked["ChatStreamingConfiguration"]["StreamingEndpointArn"]
        self._check_topic(topic)
        if len(chat.streams) >= MOST_TOPICS:
            raise ApiError("LimitExceededException", "a contact is streamed to two topics at most")
        chat.streams[str(uuid.uuid4())] = topic
        chat.repeats[key] = {"StreamingId": list(chat.streams)[-1]}
        return chat.repeats[key]

    def _stop_streaming(self, asked: Asked) -> Asked:
        if self._known(asked["ContactId"]).streams.pop(asked["StreamingId"], None) is None:
            raise ApiError("ResourceNotFoundException", "there is no such streaming")
        return {}

    # --- going on from another, and ending

    def _associate(self, asked: Asked) -> Asked:
        chat = self._going(asked["InitialContactId"])
        key = ("CreatePersistentContactAssociation", asked.get("ClientToken", ""))
        if key[1] and key in chat.repeats:
            return chat.repeats[key]
        if chat.continued_from:
            raise ApiError("InvalidRequestException", "the chat goes on from another already")
        self._check_source(asked["RehydrationType"], asked["SourceContactId"])
        chat.continued_from = asked["SourceContactId"]
        chat.repeats[key] = {"ContinuedFromContactId": chat.continued_from}
        self._hall.watch.changed(chat)
        return chat.repeats[key]

    def _stop(self, asked: Asked) -> Asked:
        chat = self._known(asked["ContactId"])
        if chat.ended_at or chat.current.id != asked["ContactId"]:
            raise ApiError("ContactNotFoundException", "the contact has ended")
        self._hall.ends(chat, "API")
        return {}

    # --- what is known of a contact

    def _describe(self, asked: Asked) -> Asked:
        chat = self._known(asked["ContactId"])
        at = next(number for number, one in enumerate(chat.segments) if one.id == asked["ContactId"])
        segment, following = chat.segments[at], chat.segments[at + 1 : at + 2]
        instance = self._hall.instance
        told: Asked = {
            "Arn": f"{instance.arn}/contact/{segment.id}", "Id": segment.id, "InitialContactId": chat.id,
            "PreviousContactId": segment.previous, "InitiationMethod": segment.method, "Channel": "CHAT",
            "InitiationTimestamp": segment.began, "DisconnectTimestamp": segment.ended,
            "DisconnectReason": segment.reason, "CustomerId": chat.asked.get("CustomerId", ""),
            "QueuePriority": chat.priority, "QueueInfo": {"Id": QUEUE, "EnqueueTimestamp": segment.began},
            "NextContacts": [_next(one) for one in following if one.method == "TRANSFER"],
            "Attributes": dict(chat.attributes),
        }  # fmt: skip
        if chat.agent and segment is chat.current:
            told["AgentInfo"] = {"Id": chat.agent.id, "ConnectedToAgentTimestamp": segment.began}
        return {"Contact": {name: value for name, value in told.items() if value}}

    def _set_attributes(self, asked: Asked) -> Asked:
        """By key; an empty value takes one away."""
        chat = self._known(asked["InitialContactId"])
        if chat.id != asked["InitialContactId"]:
            raise ApiError("ResourceNotFoundException", "that is not the initial contact")
        _check_attributes(asked["Attributes"])
        kept = chat.attributes | asked["Attributes"]
        _check_attributes(kept)
        chat.attributes = {name: value for name, value in kept.items() if value}
        self._hall.watch.changed(chat)
        return {}

    def _attributes(self, asked: Asked) -> Asked:
        return {"Attributes": dict(self._known(asked["InitialContactId"]).attributes)}

    def _route(self, asked: Asked) -> Asked:
        chat = self._going(asked["ContactId"])
        if "QueuePriority" in asked and "QueueTimeAdjustmentSeconds" in asked:
            raise ApiError("InvalidRequestException", "QueuePriority and QueueTimeAdjustmentSeconds exclude each other")
        chat.priority = asked.get("QueuePriority", chat.priority)
        self._hall.watch.changed(chat)
        return {}

    def _known(self, contact: str) -> Chat:
        chat = self._hall.chats.of(contact)
        if chat is None:
            raise ApiError("ResourceNotFoundException", "there is no such contact")
        return chat

    def _going(self, contact: str) -> Chat:
        chat = self._known(contact)
        if chat.ended_at:
            raise ApiError("InvalidRequestException", "the contact has ended")
        return chat


def _next(segment: Segment) -> Asked:
    following = {"ContactId": segment.id, "InitiationTimestamp": segment.began}
    return {"Type": "QUICK_CONNECT", "NextContactMetadata": {"QuickConnectContactData": following}}


def _check_attributes(attributes: dict[str, str]) -> None:
    if sum(len(name.encode()) + len(value.encode()) for name, value in attributes.items()) > MOST_ATTRIBUTES:
        raise ApiError("InvalidRequestException", f"the attributes have more than {MOST_ATTRIBUTES} bytes")
    wrong = next((name for name in attributes if not _KEY.fullmatch(name)), None)
    if wrong is not None:
        raise ApiError("InvalidParameterException", f"attribute {wrong}: use letters, digits, - and _ only")
