"""Deepgram's live speech-to-text, v1 (`/v1/listen`; on Workers AI `@cf/deepgram/nova-3`).

Source: Deepgram's "Live Audio" reference and the types of its SDK 7.17.
"""

import msgspec

from sessions.commands import Command, Finalize, Finish, ImpossibleCommand, SendAudio
from sessions.events import (
    Event,
    Final,
    Interim,
    Malformed,
    Raw,
    SpeechStarted,
    Utterance,
    Word,
)
from sessions.providers.codec import Codec, Frame
from sessions.providers.deepgram_faults import Caution, Trouble, explain_close
from sessions.providers.wire import Message, decoder_of

KEEPALIVE = '{"type":"KeepAlive"}'
KEEPALIVE_EVERY = 4.0
"""Seconds. Deepgram closes with NET-0001 after 10 s without audio or text, and advises 3 to 5."""


class _Word(msgspec.Struct, frozen=True):
    word: str
    start: float = 0.0
    end: float = 0.0
    confidence: float | None = None
    punctuated_word: str | None = None
    speaker: int | None = None


class _Alternative(msgspec.Struct, frozen=True):
    transcript: str = ""
    confidence: float | None = None
    words: tuple[_Word, ...] = ()


class _Channel(msgspec.Struct, frozen=True):
    alternatives: tuple[_Alternative, ...] = ()


class _Results(Message, frozen=True, tag="Results"):
    channel: _Channel
    channel_index: tuple[int, ...] = (0, 1)
    start: float = 0.0
    duration: float = 0.0
    is_final: bool = False
    speech_final: bool = False
    from_finalize: bool | None = None


class _SpeechStarted(Message, frozen=True, tag="SpeechStarted"):
    timestamp: float = 0.0


class _UtteranceEnd(Message, frozen=True, tag="UtteranceEnd"):
    channel: tuple[int, ...] = (0, 1)
    last_word_end: float = 0.0


class _Metadata(Message, frozen=True, tag="Metadata"):
    request_id: str = ""
    duration: float = 0.0


_decoder = decoder_of(_Results, _SpeechStarted, _UtteranceEnd, _Metadata, Trouble, Caution)


class _Composer:
    """Composes utterances from finals, one for each channel.

    `is_final` settles a segment; `speech_final` (a pause), `UtteranceEnd` (a gap between words, where noise
    hides the pause) or a finalize ends the utterance.
    """

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._done: list[Final] = []
        self._tail: Interim | None = None

    def add(self, result: _Results) -> list[Event]:
        best = result.channel.alternatives[0] if result.channel.alternatives else _Alternative()
        end = result.start + result.duration
        if not result.is_final:
            self._tail = Interim(best.transcript, result.start, end, self._channel)
            return [self._tail]
        events: list[Event] = []
        words = tuple(
            Word(word.punctuated_word or word.word, word.start, word.end, word.confidence, word.speaker)
            for word in best.words
        )
        if best.transcript:
            start = words[0].start if words else result.start
            final = Final(
                best.transcript, start, words[-1].end if words else end, best.confidence, words, self._channel
            )
            self._done.append(final)
            events.append(final)
        elif self._tail and self._tail.text:
            events.append(Interim("", result.start, end, self._channel))
        self._tail = None
        if result.speech_final or result.from_finalize:
            events += self.end()
        return events

    def end(self, *, confirmed: bool = True) -> list[Event]:
        """Emit the utterance so far. One that is broken off takes the last interim along, unconfirmed.

        Else the interim stays: it is of the next utterance, when the sign for this one's end comes late.
        """
        parts: list[Final | Interim] = [*self._done]
        if not confirmed and self._tail and self._tail.text:
            parts.append(self._tail)
            self._tail = None
        self._done = []
        if not parts:
            return []
        text = " ".join(part.text for part in parts)
        return [Utterance(text, parts[0].start, parts[-1].end, confirmed, self._channel)]


class ListenCodec(Codec):
    kind = "transcribe"
    ready_on_open = True
    finishes = True

    def __init__(self, rate: int = 16000) -> None:
        self.input_rate = rate
        self._composers: dict[int, _Composer] = {}
        self._last_sent: float | None = None
        self._finishing = False

    def receive(self, frame: Frame, now: float) -> list[Event]:
        match _decoder.decode(frame):
            case _Results() as result:
                channel = result.channel_index[0] if result.channel_index else 0
                return self._composer(channel).add(result)
            case _SpeechStarted(timestamp=at):
                return [SpeechStarted(at)]
            case _UtteranceEnd(channel=channel):
                return self._composer(channel[0] if channel else 0).end()
            case _Metadata():
                return []
            case (Trouble() | Caution()) as said:
                return [said.problem()]
            case (Raw() | Malformed()) as unread:
                return [unread]
            case other:  # pragma: no cover - the decoder makes no other type
                raise AssertionError(other)

    def send(self, command: Command, now: float) -> list[Frame]:
        if self._finishing:
            raise ImpossibleCommand("the session is finishing and takes no more input")
        frame: Frame
        match command:
            case SendAudio(pcm=pcm):
                # An empty binary frame is the old sign for the end of the stream.
                if not pcm:
                    raise ImpossibleCommand("audio must not be empty")
                frame = pcm
            case Finalize():
                frame = '{"type":"Finalize"}'
            case Finish():
                frame = '{"type":"CloseStream"}'
                self._finishing = True
            case _:
                raise ImpossibleCommand(f"speech-to-text does not know {type(command).__name__}")
        self._last_sent = now
        return [frame]

    def poll(self, now: float) -> list[Frame]:
        if self._last_sent is None:
            self._last_sent = now
        if self._finishing or now - self._last_sent < KEEPALIVE_EVERY:
            return []
        self._last_sent = now
        return [KEEPALIVE]

    def closed(self, *, clean: bool) -> list[Event]:
        return [event for each in self._composers.values() for event in each.end(confirmed=clean)]

    def explain_close(self, code: int, reason: str) -> str:
        return explain_close(reason)

    def _composer(self, channel: int) -> _Composer:
        return self._composers.setdefault(channel, _Composer(channel))
