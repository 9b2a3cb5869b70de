"""What a session has used, and what that costs at list price."""

from msgspec.structs import astuple

from sessions.commands import Command, Speak
from sessions.events import AnswerDone, Connecting, Event, SpeechStarted, SpeechStopped, Usage
from sessions.providers.prices import Price

_MILLION = 1_000_000


class Meter:
    """Counts over all connections of a session, whose model, and so whose price, may change between them."""

    def __init__(self) -> None:
        self.price: Price | None = None
        """Of what is used from now on."""
        self.usage = Usage()
        self._dollars = 0.0
        self._unpriced = False
        """Something was used whose price is not known."""
        self._turn_began: float | None = None

    @property
    def cost(self) -> float | None:
        """US dollars; none where a price is not known."""
        return None if self._unpriced or self.price is None else self._dollars

    def heard(self, seconds: float) -> None:
        """So much audio was sent."""
        if price := self._known():
            self._dollars += seconds / 60 * price.heard_minute

    def sent(self, command: Command) -> None:
        if isinstance(command, Speak) and (price := self._known()):
            self._dollars += len(command.text) / 1000 * price.thousand_characters

    def apply(self, event: Event) -> None:
        match event:
            case Connecting():
                self._turn_began = None
            case SpeechStarted(at=at):
                self._turn_began = at
            case SpeechStopped(at=at) if self._turn_began is not None:
                seconds, self._turn_began = max(0.0, at - self._turn_began), None
                if price := self._known():
                    self._dollars += seconds / 60 * price.turn_minute
            case AnswerDone(usage=Usage() as usage):
                self.usage = Usage(*map(sum, zip(astuple(self.usage), astuple(usage), strict=True)))
                if price := self._known():
                    self._dollars += _of_tokens(usage, price)
            case _:
                pass

    def _known(self) -> Price | None:
        self._unpriced = self._unpriced or self.price is None
        return self.price


def _of_tokens(usage: Usage, price: Price) -> float:
    """Cached tokens are a part of the input, and cheaper."""
    cached_audio = min(usage.cached_audio, usage.cached, usage.input_audio)
    cached_text = min(usage.cached - cached_audio, usage.input_text)
    return (
        (usage.input_text - cached_text) * price.input_text
        + cached_text * price.cached_text
        + usage.output_text * price.output_text
        + (usage.input_audio - cached_audio) * price.input_audio
        + cached_audio * price.cached_audio
        + usage.output_audio * price.output_audio
    ) / _MILLION
