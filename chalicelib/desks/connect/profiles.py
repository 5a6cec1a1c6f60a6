"""What Customer Profiles, the instance's register of customers, is told of one: an object of a kind of ours.

docs.aws.amazon.com/customerprofiles/latest/APIReference/API_PutProfileObject.html. What is put again under the same key
takes the place of what was there.
"""

from __future__ import annotations

import msgspec

from chalicelib.vocabulary.records import Account, Profile
from chalicelib.wire import digest

# The kind of object, which `dmdesk link-connect` makes, and the field that is its key.
KIND, KEY = "dmdesk", "key"
# What a profile and its attributes hold at the most: API reference, "Profile".
LONGEST = 255


def key(account: Account, customer: str) -> str:
    """What tells the customer from all others: the platform's ids are a platform's, or an account's."""
    told = f"{account.key}#{customer}"
    return told if len(told) <= LONGEST else f"{account.key}#{digest(customer)}"[-LONGEST:]


def described(account: Account, customer: str, profile: Profile) -> str:
    """The object, as JSON. What is not known is left out: it takes nothing away that is known there."""
    told = {
        KEY: key(account, customer),
        "name": profile.name or profile.username,
        "username": profile.username,
        "channel": account.channel,
        "account": account.name or account.id,
        "followers": "" if profile.followers is None else str(profile.followers),
        "verified": "" if profile.verified is None else str(profile.verified).lower(),
        "follows": "" if profile.follows is None else str(profile.follows).lower(),
    }
    return msgspec.json.encode({name: value[:LONGEST] for name, value in told.items() if value}).decode()
