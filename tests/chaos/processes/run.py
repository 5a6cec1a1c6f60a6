"""One run: everybody talks while everything fails, all comes to rest, what is shelved comes back, and is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from chalicelib.aws.table import Table
from chalicelib.vocabulary.records import Account
from sandbox.stage.aws import QUEUES, TABLE
from sandbox.stage.faults import Fault
from tests.chaos.processes.changes import change
from tests.chaos.processes.site import Site
from tests.chaos.processes.town import Town
from tests.chaos.processes.weather import Weather
from tests.chaos.tally import Tally, counted
from tests.chaos.traces import Traces, of_files

ROOT = Path(__file__).resolve().parents[3]
LOOK_S = 1.0
# What is at rest at so many looks, one after another, stays so.
LOOKS = 3


class Run:
    """`say` is told how far it is."""

    def __init__(self, site: Site, say: Callable[[str], None]) -> None:
        self._site, self._say = site, say
        self._weather = site.weather
        self._began_s = time.monotonic()
        self._random = Random(site.weather.seed + 2)
        self._over = threading.Event()
        self.town = Town(site)
        self.replayed: dict[str, Any] = {}
        self._faults: list[dict[str, Any]] = []
        self.at_rest = False

    @property
    def struck(self) -> int:
        """How many of the vendors' calls have failed."""
        return sum(one["fired"] for one in self._faults)

    def go(self) -> Tally:
        """Everything, in its order."""
        self._storm()
        self._say(f"the storm is over: {self._site.died} processes have died; all comes to rest")
        self._settle(0.8)
        self._site.add(self._site.late)
        self.replayed = self._replay()
        self._say(f"replayed: {self.replayed['replayed']} ({self.replayed['reasons']})")
        self.at_rest = self._settle(0.95)
        self._say("judging")
        return self._judged()

    # --- while it rages

    def _storm(self) -> None:
        for fault in faults(self._weather):
            self._site.faults.arm(fault)
        self._site.disorder(True)
        self._site.raging = True
        changes = partial(change, self._site, self._over)
        raging = [threading.Thread(target=work, daemon=True) for work in (self._kill, changes)]
        for thread in raging:
            thread.start()
        self.town.talk(self._began_s + self._weather.lasts_s)
        self._over.set()
        for thread in raging:
            thread.join()
        self._site.raging = False
        self._site.disorder(False)
        self._faults = self._site.faults.describe()
        self._site.faults.clear()

    def _kill(self) -> None:
        while not self._over.wait(self._random.expovariate(1 / self._weather.kill_s)):
            self._site.kill_one(self._random)

    # --- and afterwards

    def _settle(self, share: float) -> bool:
        """Waits until everything is at rest, or this share of the whole time is over; whether it is."""
        until_s, looks = self._began_s + self._weather.ends_s * share, 0
        pause = threading.Event()
        while time.monotonic() < until_s and looks < LOOKS:
            looks = looks + 1 if self.town.under_way == 0 and self._site.idle() else 0
            pause.wait(LOOK_S)
        return looks == LOOKS

    def _replay(self) -> dict[str, Any]:
        """As the operator does it."""
        environment = os.environ | self._site.environment
        for vendor in self._site.vendors.all:
            environment |= vendor.environment()
        ran = subprocess.run(
            [sys.executable, "-m", "ops", "replay", "--all", "--json"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if not ran.stdout:
            raise RuntimeError(f"the replay failed: {ran.stderr}")
        found: dict[str, Any] = json.loads(ran.stdout)
        return found

    def _judged(self) -> Tally:
        site, town = self._site, self.town
        found = counted(town.talks())
        waiting = site.aws.waiting(site.urls)
        found.dead = sum(len(waiting[f"{queue}_dead_letters"]) for queue in QUEUES)
        found.parked = len(site.aws.objects("parked/"))
        found.unfinished = town.under_way + sum(len(waiting[queue]) for queue in site.queues)
        found.begun_again = town.begun_again
        found.turned_away = sum(len(site.postman(vendor.name).given_up()) for vendor in site.vendors.all)
        table = Table(TABLE, site.aws.client("dynamodb"))
        accounts = [row for row in table.accounts() if isinstance(row, Account)]
        self.traces = Traces(of_files(site.lines()), accounts, town.people, table.all_of, site.clock)
        for person in town.people.values():
            for side, said in ((found.inbound, person.wrote), (found.outbound, person.answers)):
                for identifier, *_ in said:
                    whole = not self.traces.lacking(identifier)
                    side.traced += whole
                    side.add("untraced", not whole, identifier)
        return found

    def tell(self, identifiers: Iterable[str]) -> Path:
        """What `dmdesk trace` says of each, in the file that is answered."""
        path = self._site.folder / "traces.txt"
        texts = [f"dmdesk trace {identifier}\n" + "\n".join(self.traces.told(identifier)) for identifier in identifiers]
        path.write_text("\n\n".join(texts), encoding="utf-8")
        return path


def faults(weather: Weather) -> list[Fault]:
    """Of every vendor's calls this share fails, by each kind alike."""
    each = weather.vendors / 6
    kinds: list[dict[str, Any]] = [
        {"kind": "status", "status": 429, "retry_after": 1.0},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
        {"kind": "reset"},
        {"kind": "timeout_after_accept"},
        {"kind": "delay", "delay_ms": 700.0},
    ]
    names = (weather.desk, "instagram", "tiktok")
    return [
        Fault(target=name, rate=each, seed=weather.seed + number, **kind)
        for name in names
        for number, kind in enumerate(kinds)
    ]
