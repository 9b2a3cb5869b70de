"""What a microphone or a speaker can be: the devices here, a relay, a PulseAudio server, or none."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from sessions.audio import devices, pulse
from sessions.audio.devices import WHAT, Device, Devices, Direction, NoDevice, shown
from sessions.audio.modes import Route
from sessions.audio.relay import discovery
from sessions.audio.relay.discovery import BadRelay, RelayAddress
from sessions.audio.view import Choice

NONE = "none"
"""Chosen where nothing is to be opened."""
RELAY = "relay"
"""The id of the first relay."""

Endpoint = Device | RelayAddress | None
"""None: silence, or nowhere."""


@dataclass(frozen=True)
class Directory:
    """All there is at a moment, in the order in which it is numbered from 1: devices, relays, servers."""

    devices: Devices
    relays: tuple[RelayAddress, ...] = ()
    servers: tuple[str, ...] = ()
    relay_problem: str = ""
    """Why a relay that was named is none; one line."""
    remote: bool = False
    """The user sits at another machine than this: its own devices are not opened unasked."""

    def choices(self, direction: Direction) -> tuple[Choice, ...]:
        default = self._default(direction)
        found = [
            Choice(each.id, shown(each), route(each), each.detail, default=each == default)
            for each in self.devices.of(direction)
            if not (each.name == "pulse" and route(each) == "pulseaudio")  # it is `default`, too
        ]
        found += [Choice(each.id, each.shown, "relay", default=each == default) for each in self.relays]
        found += [
            Choice(f"pulseaudio:{each}", f"PulseAudio server {each.removeprefix('unix:')}", "pulseaudio")
            for each in self.servers
        ]
        return (*found, Choice(NONE, NONE, "none"))

    def resolve(self, wanted: str, direction: Direction) -> Endpoint:
        """Find what is meant by an id, a number, or a name or a part of it; empty: the default.

        Raises NoDevice. Blocks for a moment where it is a PulseAudio server.
        """
        if wanted == NONE:
            return None
        choices = self.choices(direction)
        if wanted.isdecimal() and 1 <= int(wanted) <= len(choices):
            return self.resolve(choices[int(wanted) - 1].id, direction)
        if wanted == devices.DEFAULT:
            return self._resolve_default(direction)
        for relay in self.relays:
            if wanted in (relay.id, relay.shown):
                return relay
        if wanted.startswith("pulseaudio:"):
            return _of_server(wanted.removeprefix("pulseaudio:"), direction)
        if wanted == RELAY:
            raise NoDevice(
                self.relay_problem
                or "there is no relay: run voxdeck relay where you sit, and the ssh command it prints"
            )
        return self.devices.pick(wanted, direction)

    def _default(self, direction: Direction) -> Endpoint:
        if self.relays:
            return self.relays[0]
        return None if self.remote else self.devices.default(direction)

    def _resolve_default(self, direction: Direction) -> Endpoint:
        if self.relay_problem:
            raise NoDevice(self.relay_problem)
        if self.relays:
            return self.relays[0]
        if self.remote and self.servers:
            return _of_server(self.servers[0], direction)
        if self.remote:
            raise NoDevice(
                f"this machine's own {WHAT[direction]} is not used over SSH unless chosen; "
                "voxdeck relay where you sit brings yours"
            )
        return self.devices.pick(devices.DEFAULT, direction)


def look(environment: Mapping[str, str] = os.environ) -> Directory:
    """Look what there is now. Blocks for about 0.3 s."""
    named = bool(environment.get(pulse.VARIABLE))
    relays: tuple[RelayAddress, ...] = ()
    relay_problem = ""
    try:
        relays = tuple(discovery.find(environment))
    except BadRelay as error:
        relay_problem = str(error)
    remote = pulse.over_ssh(environment) and not named
    return Directory(devices.look(), relays, pulse.servers(environment), relay_problem, remote)


def _of_server(server: str, direction: Direction) -> Device:
    found = devices.look(server)
    for name in ("pulse", "default"):
        for device in found.of(direction):
            if device.host == "ALSA" and device.name == name:
                return msgspec.structs.replace(device, server=server)
    raise NoDevice(
        found.problem
        or f"the PulseAudio server {server} does not answer, or ALSA lacks its plugin "
        "(Debian, Ubuntu: apt install libasound2-plugins)"
    )


def route(endpoint: Endpoint) -> Route:
    if endpoint is None:
        return "none"
    if isinstance(endpoint, RelayAddress):
        return "relay"
    return "pulseaudio" if devices.through_pulseaudio(endpoint) else "device"


def name_of(endpoint: Endpoint) -> str:
    if endpoint is None:
        return NONE
    return shown(endpoint) if isinstance(endpoint, Device) else endpoint.shown
