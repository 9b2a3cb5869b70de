"""Deepgram Flux: live speech-to-text that tells turns, v2 (`/v2/listen`; on Workers AI `@cf/deepgram/flux`).

Source: Deepgram's Flux reference, the types of its SDK 7.17, and Cloudflare's schema of the model, whose
messages have an `event` but no `type`.
"""

from typing import Any

import msgspec

from sessions.commands import Command, Finalize, Finish, ImpossibleCommand, SendAudio
from sessions.events import (
    EagerTurn,
    Event,
    Final,
    Interim,
    Malformed,
    Problem,
    Raw,
    SpeechStarted,
    TurnResumed,
    Utterance,
    Warned,
    Word,
)
from sessions.providers.codec import Codec, Frame
from sessions.providers.deepgram_faults import explain_close
from sessions.providers.wire import Message, decoder_of

BLOCK = 0.08
"""Seconds of audio a frame, as Deepgram strongly recommends."""
GATED_AFTER = 0.25
"""Seconds without audio after which the microphone counts as gated."""
SETTLING = 1.0
"""Seconds after the last audio in which a turn may still open of which nothing has been told."""
IDLE_EVERY = 3.0
"""Seconds between signs of life when no turn is open. The socket is dropped after about 10 to 30 s."""
MOST_SILENCE = 12
"""Blocks of silence at once; what is missing after a longer standstill is forgotten."""
END_OF_TURN_TIMEOUT = 5.0
"""Seconds of silence after which the service ends a turn in any case, by default."""
MUTE_AFTER = 4 * END_OF_TURN_TIMEOUT
"""Seconds, at the default. Sockets have gone mute in a turn."""


class _Numbered(Message, frozen=True):
    sequence_id: int | None = None
    """Counts all messages of a connection."""


class _Word(msgspec.Struct, frozen=True):
    word: str
    confidence: float | None = None
    start: float | None = None
    end: float | None = None


class _TurnInfo(_Numbered, frozen=True, tag="TurnInfo"):
    event: str = ""
    turn_index: int = 0
    audio_window_start: float = 0.0
    audio_window_end: float = 0.0
    transcript: str = ""
    """Of the whole turn so far."""
    words: tuple[_Word, ...] = ()
    end_of_turn_confidence: float | None = None


class _Connected(_Numbered, frozen=True, tag="Connected"):
    pass


class _ConfigureSuccess(_Numbered, frozen=True, tag="ConfigureSuccess"):
    pass


class _ConfigureFailure(_Numbered, frozen=True, tag="ConfigureFailure"):
    code: Any = None
    error_code: Any = None
    description: str | None = None


class _Warning(_Numbered, frozen=True, tag="Warning"):
    code: Any = None
    description: str | None = None


class _Error(_Numbered, frozen=True, tag="Error"):
    code: Any = None
    error: Any = None
    description: str | None = None


_decoder = decoder_of(_TurnInfo, _Connected, _ConfigureSuccess, _ConfigureFailure, _Warning, _Error)
_untyped = msgspec.json.Decoder(_TurnInfo)


def _decode(frame: Frame) -> Message | Event:
    message = _decoder.decode(frame)
    if isinstance(message, Raw) and not message.kind:
        try:
            return _untyped.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return message
    return message


class _Stream:
    """What was sent, in samples, and where in it silence of ours lies."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._sent = 0
        self._silences: list[tuple[int, int]] = []

    def add(self, pcm: bytes) -> float:
        """Count audio; return its seconds."""
        samples = len(pcm) // 2
        self._sent += samples
        return samples / self._rate

    def add_silence(self, pcm: bytes) -> float:
        begin = self._sent
        if self._silences and self._silences[-1][1] == begin:
            begin, _ = self._silences.pop()
        seconds = self.add(pcm)
        self._silences.append((begin, self._sent))
        return seconds

    def without_silence(self, at: float) -> float:
        """Turn seconds of the stream into seconds of the audio that we were given."""
        sample = at * self._rate
        ours = sum(min(sample, end) - begin for begin, end in self._silences if begin < sample)
        return at - ours / self._rate


class FluxCodec(Codec):
    """Tells turns: one interim for the whole turn so far, and one final at its end.

    The service has no keep-alive, and its clock stands still without audio, so that an open turn would never
    end: while the microphone is gated, silence is sent in its place. Times leave that silence out.
    """

    kind = "transcribe"
    ready_on_open = True  # `Connected` brings nothing of use, and Workers AI is not known to pass it on
    finishes = True
    input_block = BLOCK

    def __init__(self, rate: int = 16000, end_of_turn_timeout: float = END_OF_TURN_TIMEOUT) -> None:
        self.input_rate = rate
        self._mute_after = max(3.0, 4 * end_of_turn_timeout)
        self._silence = bytes(2 * round(rate * BLOCK))
        self._stream = _Stream(rate)
        self._turn: _TurnInfo | None = None
        """The last that was told of the open turn."""
        self._next_id: int | None = None
        self._covered = 0.0
        """When the audio sent so far would be over, were it spoken as it was sent."""
        self._given_until = 0.0
        """The same without silence of ours."""
        self._last_audio: float | None = None
        self._last_message = 0.0
        self._told_mute = False
        self._finishing = False

    def receive(self, frame: Frame, now: float) -> list[Event]:
        self._last_message, self._told_mute = now, False
        match _decode(frame):
            case _TurnInfo() as info:
                return [*self._lost(info), *self._turn_told(info, frame)]
            case (_Connected() | _ConfigureSuccess()) as message:
                return self._lost(message)
            case _ConfigureFailure() as failure:
                code = str(failure.code or failure.error_code or "ConfigureFailure")
                return [*self._lost(failure), Problem(code, failure.description or "")]
            case _Warning() as warning:
                said = Warned(str(warning.code or "warning"), warning.description or "")
                return [*self._lost(warning), said]
            case _Error() as error:
                problem = Problem(str(error.code or "error"), error.description or str(error.error or ""))
                return [*self._lost(error), problem]
            case (Raw() | Malformed()) as unread:
                self._next_id = None  # it may have had a number
                return [unread]
            case other:  # pragma: no cover - the decoder makes no other type
                raise AssertionError(other)

    def send(self, command: Command, now: float) -> list[Frame]:
        if self._finishing:
            raise ImpossibleCommand("the session is finishing and takes no more input")
        match command:
            case SendAudio(pcm=pcm):
                if not pcm:
                    raise ImpossibleCommand("audio must not be empty")
                self._covered = max(self._covered, now) + self._stream.add(pcm)
                self._given_until, self._last_audio = self._covered, now
                return [pcm]
            case Finalize():
                return ['{"type":"ForceEndTurn"}']
            case Finish():
                self._finishing = True
                return ['{"type":"CloseStream"}']
            case _:
                raise ImpossibleCommand(f"speech-to-text does not know {type(command).__name__}")

    def poll(self, now: float) -> list[Frame]:
        if self._last_audio is None or self._finishing:
            return []
        missing = now - self._covered
        blocks = 0
        if missing >= GATED_AFTER and (self._turn is not None or now - self._given_until < SETTLING):
            blocks = min(int(missing / BLOCK), MOST_SILENCE)
        elif now - self._last_audio >= IDLE_EVERY:
            blocks = 1
        if not blocks:
            return []
        seconds = self._stream.add_silence(self._silence * blocks)
        self._covered = max(self._covered + seconds, now - BLOCK)
        self._last_audio = now
        return [self._silence] * blocks

    def elapse(self, now: float) -> list[Event]:
        """Return what no message tells: that within a turn none comes any more, once."""
        mute = self._turn is not None and not self._finishing and now - self._last_message >= self._mute_after
        if not mute or self._told_mute:
            return []
        self._told_mute = True
        return [Warned("mute", f"nothing came for {self._mute_after:.0f} s within a turn: reconnect")]

    def closed(self, *, clean: bool) -> list[Event]:
        """After `CloseStream` no `EndOfTurn` comes: the last update is the turn's final text."""
        return self._settle(confirmed=clean)

    def explain_close(self, code: int, reason: str) -> str:
        return explain_close(reason)

    def _lost(self, message: _Numbered) -> list[Event]:
        """Tell of a gap before this message. The first need not be 0: a relay may keep `Connected`."""
        expected, number = self._next_id, message.sequence_id
        self._next_id = None if number is None else number + 1
        if expected is None or number is None or number <= expected:
            return []
        return [Warned("sequence_gap", f"{number - expected} of the provider's messages did not come")]

    def _turn_told(self, info: _TurnInfo, frame: Frame) -> list[Event]:
        events: list[Event] = []
        if self._turn is not None and self._turn.turn_index != info.turn_index:
            events += self._settle(confirmed=False)  # its end did not come
        match info.event:
            case "StartOfTurn":
                self._turn = info
                events.append(SpeechStarted(self._stream.without_silence(info.audio_window_start)))
                return [*events, self._interim(info)] if info.transcript else events
            case "Update":
                return [*events, *self._update(info)]
            case "EagerEndOfTurn":
                eager = EagerTurn(info.transcript, info.end_of_turn_confidence)
                return [*events, *self._update(info), eager]
            case "TurnResumed":
                return [*events, TurnResumed(), *self._update(info)]
            case "EndOfTurn":
                self._turn = info
                return [*events, *(self._settle(confirmed=True) or [self._interim(info)])]
            case unknown:
                text = frame if isinstance(frame, str) else frame.decode(errors="replace")
                return [*events, Raw(unknown, text)]

    def _update(self, info: _TurnInfo) -> list[Event]:
        """Take in the turn's text so far. Between turns come updates without any."""
        if self._turn is None and not info.transcript:
            return []
        self._turn = info
        return [self._interim(info)]

    def _interim(self, info: _TurnInfo) -> Interim:
        start, end = map(self._stream.without_silence, (info.audio_window_start, info.audio_window_end))
        return Interim(info.transcript, start, end)

    def _settle(self, *, confirmed: bool) -> list[Event]:
        turn, self._turn = self._turn, None
        if turn is None or not turn.transcript:
            return []
        at = self._stream.without_silence
        words = tuple(
            Word(word.word, at(word.start), at(word.end), word.confidence)
            for word in turn.words
            if word.start is not None and word.end is not None
        )
        start = words[0].start if words else at(turn.audio_window_start)
        end = words[-1].end if words else at(turn.audio_window_end)
        utterance = Utterance(turn.transcript, start, end, confirmed)
        return [Final(turn.transcript, start, end, words=words), utterance] if confirmed else [utterance]
