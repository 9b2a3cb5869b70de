"""ElevenLabs' streaming text-to-speech (`/v1/text-to-speech/{voice}/stream-input`).

Source: ElevenLabs' AsyncAPI document and the types of its SDK 2.78.
"""

from collections import deque
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType, field

from sessions.commands import Clear, Command, Finish, ImpossibleCommand, Speak
from sessions.events import (
    Audio,
    AudioEnd,
    AudioSpan,
    AudioWords,
    Cleared,
    Event,
    Malformed,
    Problem,
    Raw,
)
from sessions.providers.codec import Codec, Frame
from sessions.providers.sentences import spans
from sessions.providers.spoken_text import LONGEST_INPUT, SpokenText, WholeSamples, letters
from sessions.providers.wire import sendable

OUTPUT_RATE = 24000
KEEPALIVE = '{"text":" "}'
KEEPALIVE_EVERY = 15.0
"""Seconds. The shortest usual `inactivity_timeout` is 20 s."""
ROUNDING = 0.15
"""Seconds by which the audio may be shorter than its alignment says."""

_OPEN = '{"text":" ","voice_settings":{"stability":0.5,"similarity_boost":0.75}}'
_END = '{"text":""}'

_ADVICE = {
    "input_timeout_exceeded": "it got no text for too long: reconnect",
    "detected_unusual_activity": "ElevenLabs has blocked the account for unusual activity: see its pages",
}


class _Alignment(msgspec.Struct, frozen=True):
    """Characters, and milliseconds from the start of the message's audio; sources spell names in two ways."""

    chars: tuple[str, ...] = ()
    starts: tuple[float, ...] = field(default=(), name="charStartTimesMs")
    starts_too: tuple[float, ...] = field(default=(), name="charsStartTimesMs")
    durations: tuple[float, ...] = field(default=(), name="charDurationsMs")
    durations_too: tuple[float, ...] = field(default=(), name="charsDurationsMs")

    def timed(self, offset: float) -> list[tuple[str, float, float]]:
        """Return (character, start, end), in seconds after `offset`."""
        found = zip(
            self.chars, self.starts or self.starts_too, self.durations or self.durations_too, strict=False
        )
        return [
            (char, offset + start / 1000, offset + (start + duration) / 1000)
            for char, start, duration in found
        ]


class _Message(msgspec.Struct, frozen=True):
    """Messages have no type; which fields there are tells."""

    audio: bytes | UnsetType | None = UNSET
    final: bool | UnsetType | None = field(default=UNSET, name="isFinal")
    alignment: _Alignment | None = None
    normalized: _Alignment | None = field(default=None, name="normalizedAlignment")
    """Of the text as it is pronounced: with numbers in words, for example."""
    message: str | None = None
    error: str | None = None
    code: Any = None
    type: str = ""


_NOTHING_KNOWN = _Message()
_decoder = msgspec.json.Decoder(_Message)


class _Utterance:
    def __init__(self, name: str, text: str, rate: int) -> None:
        self.name, self.rate = name, rate
        self.text = SpokenText(text)
        self.samples = WholeSamples()
        self.dropped = False
        """It was cleared: what still comes of it is not wanted."""

    @property
    def seconds(self) -> float:
        return self.samples.count / self.rate

    @property
    def over(self) -> bool:
        return self.text.over and self.seconds >= self.text.until - ROUNDING

    def hear(self, audio: bytes, alignment: _Alignment) -> list[Event]:
        begun, words = self.text.follow(alignment.timed(self.seconds))
        pcm = self.samples.add(audio)
        if self.dropped:
            return []
        events: list[Event] = [AudioSpan(self.name, *sentence) for sentence in begun]
        if words:
            events.append(AudioWords(self.name, words))
        if pcm:
            events.append(Audio(self.name, pcm, self.rate))
        return events

    def end(self) -> list[Event]:
        return [] if self.dropped else [AudioEnd(self.name)]


class ElevenLabsSpeakCodec(Codec):
    """Speaks sentence by sentence, each flushed: unflushed, a short one would wait for more text.

    The wire knows one stream, without names: audio is of the oldest utterance that is not over. That it is
    over shows in the alignment, when all its letters have come and the audio has reached the last of them.
    Where the alignment does not tell (the provider sends none, or only one of the pronounced text, which may
    differ), it is over when the next one's letters begin, or at the latest when the stream is final.
    """

    kind = "speak"
    ready_on_open = True
    finishes = True

    def __init__(self, rate: int = OUTPUT_RATE) -> None:
        self._rate = rate
        self._utterances: deque[_Utterance] = deque()
        self._opened = False
        self._finishing = False
        self._last_sent = 0.0
        self._notices: list[Event] = []

    def receive(self, frame: Frame, now: float) -> list[Event]:
        try:
            message = _decoder.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return [Malformed(str(error), len(frame))]
        if message.error or message.message:
            return [Problem(message.error or str(message.code or "error"), message.message or "")]
        if msgspec.structs.replace(message, type="") == _NOTHING_KNOWN:
            text = frame if isinstance(frame, str) else frame.decode(errors="replace")
            return [Raw(message.type, text)]
        alignment = message.alignment or message.normalized or _Alignment()
        events: list[Event] = []
        if message.audio or alignment.chars:
            events += self._audio(message.audio or b"", alignment, len(frame))
        return [*events, *self._end_all()] if message.final else events

    def send(self, command: Command, now: float) -> list[Frame]:
        if self._finishing:
            raise ImpossibleCommand("the session is finishing and takes no more text")
        match command:
            case Speak(utterance=name, text=text):
                if not letters(text):
                    raise ImpossibleCommand("there is no text to speak")
                self._utterances.append(_Utterance(name, text, self._rate))
                sentences = [text[begin:end].rstrip() for begin, end in spans(text, LONGEST_INPUT)]
                return self._sent(
                    now, *({"text": sendable(sentence) + " ", "flush": True} for sentence in sentences)
                )
            case Clear():
                for utterance in self._utterances:
                    utterance.dropped = True
                self._notices.append(Cleared())
                return []
            case Finish():
                frames = self._sent(now)
                self._finishing = True
                return [*frames, _END]
            case _:
                raise ImpossibleCommand(f"text-to-speech does not know {type(command).__name__}")

    def poll(self, now: float) -> list[Frame]:
        if not self._opened:
            return self._sent(now)
        if self._finishing or now - self._last_sent < KEEPALIVE_EVERY:
            return []
        self._last_sent = now
        return [KEEPALIVE]

    def elapse(self, now: float) -> list[Event]:
        """Return what no message tells: the wire has no clearing, it is done here."""
        notices, self._notices = self._notices, []
        return notices

    def closed(self, *, clean: bool) -> list[Event]:
        return self._end_all() if clean else []

    def explain_close(self, code: int, reason: str) -> str:
        return next((advice for part, advice in _ADVICE.items() if part in reason), "")

    def _sent(self, now: float, *messages: dict[str, Any]) -> list[Frame]:
        """Encode messages, after the opening where they are the first."""
        opening = [] if self._opened else [_OPEN]
        self._opened, self._last_sent = True, now
        return [*opening, *(msgspec.json.encode(message).decode() for message in messages)]

    def _audio(self, audio: bytes, alignment: _Alignment, size: int) -> list[Event]:
        events: list[Event] = []
        heard = letters("".join(alignment.chars))
        if len(self._utterances) > 1 and heard:
            oldest, following = self._utterances[0], self._utterances[1]
            if not oldest.text.goes_on_with(heard) and following.text.goes_on_with(heard):
                events += self._utterances.popleft().end()
        if not self._utterances:
            return [Malformed("audio that no text asked for", size)]
        utterance = self._utterances[0]
        events += utterance.hear(audio, alignment)
        if utterance.over:
            events += self._utterances.popleft().end()
        return events

    def _end_all(self) -> list[Event]:
        ended = [event for utterance in self._utterances for event in utterance.end()]
        self._utterances.clear()
        return ended
