"""TikTok's return codes: TikTok portal doc 1737172488964097. The HTTP status is 200 whatever happens."""

from __future__ import annotations

from chalicelib.channels.base import Verdict

# The portal's rate limits end with the second, the five minutes or the UTC day; the answer does not say which.
_RATE = Verdict(action="retry", reason="rate_limited")
_TOKEN = Verdict(action="token", after_s=60)
# A server error may come after the message went out, and there is no idempotency key.
_AMBIGUOUS = Verdict(action="uncertain")
_OTHER = Verdict(action="refuse")

VERDICTS: dict[int, Verdict] = {
    20001: _AMBIGUOUS,  # partly done
    # Whose the token is does not own the account, or may not write for it: no message of the account can go out.
    40001: Verdict(
        action="stop",
        advice="TikTok gives no permission: have the account's owner authorise the app again, with message.list.send, "
        "and see that the account is a Business Account outside the EEA, Switzerland and the UK",
    ),
    40002: Verdict(action="refuse", reason="rejected_content"),
    40007: Verdict(action="refuse", reason="wrong_person"),
    40016: _RATE,
    # The rules of direct messages have this one code: 48 hours, ten messages, and who may write to whom.
    40064: Verdict(action="refuse", reason="window_closed"),
    40100: _RATE,
    40102: _TOKEN,
    40103: _TOKEN,
    40104: _TOKEN,
    40105: _TOKEN,
    40107: _TOKEN,
    40110: _TOKEN,
    40133: _RATE,
    40907: Verdict(action="refuse", reason="media_too_big"),
    40908: Verdict(action="refuse", reason="media_refused"),
    50000: _AMBIGUOUS,
    50002: _AMBIGUOUS,
    51065: _AMBIGUOUS,
    60001: Verdict(action="retry", after_s=60),  # maintenance
}


def verdict(code: int) -> Verdict:
    """What TikTok's code (not 0) means to a send; a server error (5xxxx) that is not listed may have been sent."""
    return VERDICTS.get(code, _AMBIGUOUS if 50000 <= code < 60000 else _OTHER)
