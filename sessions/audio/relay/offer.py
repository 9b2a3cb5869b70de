"""What a relay serves."""

from dataclasses import dataclass

from sessions.audio.devices import Device, shown


@dataclass(frozen=True)
class Offer:
    """The laptop's name, its microphone and its speaker, each None where there is none."""

    name: str
    input: Device | None
    output: Device | None

    @property
    def input_name(self) -> str:
        return shown(self.input) if self.input else ""

    @property
    def output_name(self) -> str:
        return shown(self.output) if self.output else ""
