"""Deepgram's streaming text-to-speech, v1 (`/v1/speak`; on Workers AI aura-1, aura-2-en, aura-2-es).

Source: Deepgram's "Text to Speech WebSocket" reference and the types of its SDK 7.17.
"""

from collections import deque

import msgspec

from sessions.commands import Clear, Command, Finish, ImpossibleCommand, Speak
from sessions.events import Audio, AudioEnd, AudioSpan, Cleared, Event, Malformed, Raw
from sessions.providers.codec import Codec, Frame
from sessions.providers.deepgram_faults import Caution, Trouble, explain_close
from sessions.providers.sentences import spans
from sessions.providers.wire import Message, decoder_of, sendable

OUTPUT_RATE = 24000
LONGEST_SPEAK = 2000
"""Characters; the limit of one Speak message."""
FLUSHES, FLUSH_WINDOW = 20, 60.0
"""At most so many flushes in so many seconds; beyond that the service drops them with a warning."""


ALONE, GROUP = 8, 1500
"""So many sentences of a text are flushed alone; the others together, up to so many characters."""


class _Metadata(Message, frozen=True, tag="Metadata"):
    request_id: str = ""


class _Flushed(Message, frozen=True, tag="Flushed"):
    sequence_id: int = 0


class _Cleared(Message, frozen=True, tag="Cleared"):
    sequence_id: int = 0


_decoder = decoder_of(_Metadata, _Flushed, _Cleared, Caution, Trouble)


class _Sentence(msgspec.Struct):
    utterance: str
    begin: int
    end: int
    text: str
    last: bool
    """Of its utterance."""
    heard: bool = False
    """Whether audio of it has come."""


def _grouped(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Put the later sentences of a long text together, so that it leaves some of the flushes to the next."""
    grouped = found[:ALONE]
    for begin, end in found[ALONE:]:
        if len(grouped) > ALONE and end - grouped[-1][0] <= GROUP:
            grouped[-1] = (grouped[-1][0], end)
        else:
            grouped.append((begin, end))
    return grouped


class SpeakCodec(Codec):
    """Speaks sentence by sentence, a flush each, so that it is known which sentence the audio belongs to.

    Audio frames carry no name: they belong to the oldest sentence that is not flushed. What exceeds the
    limit of flushes is held back until the service would take it.
    """

    kind = "speak"
    ready_on_open = True
    finishes = True

    def __init__(self, rate: int = OUTPUT_RATE) -> None:
        self._rate = rate
        self._held: deque[_Sentence] = deque()
        self._sent: deque[_Sentence] = deque()
        self._flush_times: deque[float] = deque(maxlen=FLUSHES)
        self._bytes: dict[str, int] = {}
        self._odd = b""
        self._clearing = 0
        self._finishing = False
        self._said_goodbye = False

    def receive(self, frame: Frame, now: float) -> list[Event]:
        if isinstance(frame, bytes):
            return self._audio(frame)
        match _decoder.decode(frame):
            case _Metadata():
                return []
            case _Flushed():
                return self._flushed()
            case _Cleared():
                self._clearing = max(0, self._clearing - 1)
                return [] if self._clearing else [Cleared()]
            case (Trouble() | Caution()) as said:
                return [said.problem()]
            case (Raw() | Malformed()) as unread:
                return [unread]
            case other:  # pragma: no cover - the decoder makes no other type
                raise AssertionError(other)

    def send(self, command: Command, now: float) -> list[Frame]:
        if self._finishing:
            raise ImpossibleCommand("the session is finishing and takes no more text")
        match command:
            case Speak(utterance=utterance, text=text):
                found = _grouped(spans(text, LONGEST_SPEAK))
                if not found:
                    raise ImpossibleCommand("there is no text to speak")
                for begin, end in found:
                    last = (begin, end) == found[-1]
                    self._held.append(_Sentence(utterance, begin, end, text[begin:end], last))
                return self.poll(now)
            case Clear():
                self._held.clear()
                self._sent.clear()
                self._bytes.clear()
                self._odd = b""
                self._clearing += 1
                return ['{"type":"Clear"}']
            case Finish():
                self._finishing = True
                return self.poll(now)
            case _:
                raise ImpossibleCommand(f"text-to-speech does not know {type(command).__name__}")

    def poll(self, now: float) -> list[Frame]:
        frames: list[Frame] = []
        while self._held and self._may_flush(now):
            sentence = self._held.popleft()
            self._sent.append(sentence)
            self._flush_times.append(now)
            speak = msgspec.json.encode({"type": "Speak", "text": sendable(sentence.text)}).decode()
            frames += [speak, '{"type":"Flush"}']
        # A Close right behind a Flush may lose the tail: it waits until all is flushed.
        if self._finishing and not self._said_goodbye and not self._held and not self._sent:
            self._said_goodbye = True
            frames.append('{"type":"Close"}')
        return frames

    def explain_close(self, code: int, reason: str) -> str:
        return explain_close(reason)

    def _may_flush(self, now: float) -> bool:
        return len(self._flush_times) < FLUSHES or now - self._flush_times[0] >= FLUSH_WINDOW

    def _audio(self, frame: bytes) -> list[Event]:
        if self._clearing:
            return []  # of text that is no longer wanted
        if not self._sent:
            return [Malformed("audio that no text asked for", len(frame))]
        sentence = self._sent[0]
        data = self._odd + frame
        whole = len(data) // 2 * 2
        self._odd = data[whole:]
        if not whole:
            return []
        events: list[Event] = []
        before = self._bytes.get(sentence.utterance, 0)
        if not sentence.heard:
            sentence.heard = True
            start = before / (2 * self._rate)
            events.append(AudioSpan(sentence.utterance, sentence.begin, sentence.end, start))
        self._bytes[sentence.utterance] = before + whole
        return [*events, Audio(sentence.utterance, data[:whole], self._rate)]

    def _flushed(self) -> list[Event]:
        if self._clearing or not self._sent:
            return []
        sentence = self._sent.popleft()
        self._odd = b""
        if not sentence.last:
            return []
        self._bytes.pop(sentence.utterance, None)
        return [AudioEnd(sentence.utterance)]
