"""link-connect: what Terraform's provider of AWS cannot do at an Amazon Connect instance."""

from __future__ import annotations

import os
import time
from typing import Any

import click

from ops.errors import OpsError
from ops.help import Command, example, json_option
from ops.output import Out, run


@click.command("link-connect", cls=Command, epilog=example("dmdesk link-connect"))
@json_option
def link_connect(as_json: bool) -> None:
    """Have the Amazon Connect instance take the kinds and sizes of files that customers' are uploaded as, and the
    domain of Customer Profiles, where one is set, the kind of object that customers are put there as.

    May be run again: what already holds is left alone, and nothing that it takes is taken away.
    """
    from ops.bridge import Bridge
    from ops.desks.connect import asking, files, register

    def work(out: Out) -> None:
        bridge = Bridge(os.environ, time.time, out.hide)
        if not bridge.settings.vendors.get("connect_instance"):
            raise OpsError("this deployment has no instance of Amazon Connect", "set `connect` in Terraform, and apply")
        before, added = files.admit(bridge)
        instance = asking.instance(bridge)
        done = ", ".join(added) or "larger files"
        line = f"instance {instance}: {'as it was' if before.enough else f'takes {done} now'}"
        told: dict[str, Any] = {"instance": instance, "added": added, "changed": not before.enough}
        lines = [line]
        if domain := register.domain(bridge):
            told |= {"domain": domain, "prepared": register.prepare(bridge)}
            lines.append(f"domain {domain}: {'takes customers now' if told['prepared'] else 'as it was'}")
        out.result(told, lines)

    run(as_json, work)
