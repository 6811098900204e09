"""How a configuration is changed while the gateway runs."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from .gateway import Gateway

#: Starts a gateway that reloads only when it is told to.
NO_WATCH = {"arguments": ["--no-watch"]}


def settings_of(gateway: Gateway) -> dict[str, Any]:
    return json.loads(gateway.configuration_path.read_text())


def write(gateway: Gateway, settings: dict[str, Any] | str) -> None:
    """As an editor does: another file, put in the place of the old one."""
    text = settings if isinstance(settings, str) else json.dumps(settings, indent=2)
    beside = gateway.configuration_path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, gateway.configuration_path)


def reload(gateway: Gateway, settings: dict[str, Any] | str | None = None) -> dict[str, Any]:
    """Writes the file, asks for a reload, and returns the line that tells how it went."""
    if settings is not None:
        write(gateway, settings)
    before = gateway.event_count("reloaded", "reload_failed")
    gateway.signal(signal.SIGHUP)
    return gateway.wait_for_next_event(before, "reloaded", "reload_failed")
