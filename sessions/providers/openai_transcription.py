"""OpenAI Realtime as a transcription only: nothing answers.

Connect with `intent=transcription` and without a model in the query: a model there makes a conversation,
which refuses these settings (OpenAI's "Realtime transcription" guide, 2026). An item is one turn of speech.
The protocol has no goodbye; the connection may be closed when the last transcript has come.
"""

from collections import deque

import msgspec

from sessions.commands import Command, Finalize, Finish, ImpossibleCommand, SendAudio
from sessions.events import (
    Event,
    Final,
    Interim,
    Malformed,
    Raw,
    Ready,
    SpeechStarted,
    SpeechStopped,
    Utterance,
)
from sessions.providers import openai_messages as wire
from sessions.providers.codec import Codec, Frame
from sessions.providers.openai_realtime import RATE, append, encode, explain_close, problem
from sessions.providers.turn_detection import TurnDetection

_COMMIT = '{"type":"input_audio_buffer.commit"}'
_NOTHING_TO_COMMIT = "input_audio_buffer_commit_empty"

DETECT_TURNS = ("gpt-4o", "whisper-1")
"""Models, by how they begin, that work with the service's voice activity detection. All others (such as
gpt-realtime-whisper and gpt-live-transcribe) refuse it: the client has to end each turn."""

QUIET = 650
"""Peak of 16-bit samples (2 % of full scale) below which a block counts as silence."""
PAUSE = 0.6
"""Seconds of silence after speech that end a turn."""
LONGEST_TURN = 30.0
"""Seconds after which a turn is ended even without a pause, as where the microphone is noisy."""


class _Item(msgspec.Struct):
    start: float
    end: float
    text: str = ""
    committed: bool = False
    stopped_by_itself: bool = False
    """The service had heard its end before a commit of ours was under way."""


class _Pauses:
    """Finds the ends of turns by loudness, for models that leave it to the client."""

    def __init__(self) -> None:
        self._length = self._silence = 0
        """In samples."""
        self._spoken = False

    def hear(self, pcm: bytes) -> bool:
        """Return whether the turn ends with this audio."""
        samples = memoryview(pcm)[: len(pcm) // 2 * 2].cast("h")
        self._length += len(samples)
        if max(max(samples, default=0), -min(samples, default=0)) >= QUIET:
            self._spoken, self._silence = True, 0
        else:
            self._silence += len(samples)
        return (self._spoken and self._silence >= PAUSE * RATE) or self._length >= LONGEST_TURN * RATE


class TranscriptionCodec(Codec):
    kind = "transcribe"
    ready_on_open = False
    finishes = True
    input_rate = RATE

    def __init__(self, model: str, turns: TurnDetection | None = None, language: str = "") -> None:
        """`turns`: how they are detected, for models that the service detects them for."""
        self._model, self._turns, self._language = model, turns or TurnDetection(), language
        self._pauses = None if model.startswith(DETECT_TURNS) else _Pauses()
        self._greeted = self._configured = self._finishing = False
        self._sent = 0
        """Bytes of audio."""
        self._settled = 0.0
        """Seconds of it that our commits cover."""
        self._commits: deque[tuple[float, float]] = deque()
        """Start and end of what each commit under way covers."""
        self._items: dict[str, _Item] = {}

    def receive(self, frame: Frame, now: float) -> list[Event]:  # noqa: C901 - one row a message
        match wire.decoder.decode(frame):
            case wire.TranscriptionDelta(item_id=name, delta=delta):
                item = self._item(name)
                item.text += delta
                if not item.committed:
                    item.end = self._heard
                return [Interim(item.text, item.start, item.end)]
            case wire.TranscriptionCompleted(item_id=name, transcript=text):
                return self._completed(name, text.strip())
            case wire.TranscriptionFailed(item_id=name, error=error):
                return [*self._break_off(name), problem(error)]
            case wire.AudioCommitted(item_id=name):
                item = self._item(name)
                # One whose speech had stopped before we asked for it is the service's own.
                if self._commits and not item.stopped_by_itself:
                    end = self._commits.popleft()[1]
                    item.end = item.end if item.committed else end
                item.committed = True
                return []
            case wire.SpeechStarted(audio_start_ms=ms, item_id=name):
                self._item(name).start = ms / 1000
                return [SpeechStarted(ms / 1000)]
            case wire.SpeechStopped(audio_end_ms=ms, item_id=name):
                item = self._item(name)
                item.end, item.committed, item.stopped_by_itself = ms / 1000, True, not self._commits
                return [SpeechStopped(ms / 1000)]
            case wire.SessionCreated(session=session):
                self._greeted = True
                return [Ready(session.id, session.expires_at)]
            case wire.Error(error=error) if error.code == _NOTHING_TO_COMMIT:
                if self._commits:
                    self._commits.popleft()
                return []
            case wire.Error(error=error):
                return [problem(error)]
            case (Raw() | Malformed()) as unread:
                return [unread]
            case _:
                return []  # of conversations, or the turns as items, which their transcripts tell of

    def send(self, command: Command, now: float) -> list[Frame]:
        if not self._greeted:
            raise ImpossibleCommand("the session is not ready yet")
        if self._finishing:
            raise ImpossibleCommand("the session is finishing and takes no more input")
        match command:
            case SendAudio(pcm=pcm):
                frame = append(pcm)
                self._sent += len(pcm)
                ended = self._pauses is not None and self._pauses.hear(pcm)
                return [frame, *self._commit()] if ended else [frame]
            case Finalize():
                return self._commit()
            case Finish():
                self._finishing = True
                return self._commit()
            case _:
                raise ImpossibleCommand(f"speech-to-text does not know {type(command).__name__}")

    def poll(self, now: float) -> list[Frame]:
        if not self._greeted or self._configured:
            return []
        self._configured = True
        language = {"language": self._language} if self._language else {}
        heard = {
            "format": {"type": "audio/pcm", "rate": RATE},
            "transcription": {"model": self._model, **language},
            "turn_detection": self._turns.wire() if self._pauses is None else None,
        }
        settings = {"type": "transcription", "audio": {"input": heard}}
        return [encode({"type": "session.update", "session": settings})]

    @property
    def finished(self) -> bool:
        under_way = self._commits or any(item.committed for item in self._items.values())
        return self._finishing and not under_way

    def closed(self, *, clean: bool) -> list[Event]:
        return [event for name in list(self._items) for event in self._break_off(name)]

    def explain_close(self, code: int, reason: str) -> str:
        return explain_close(reason)

    @property
    def _heard(self) -> float:
        """Seconds of audio so far."""
        return self._sent / (2 * RATE)

    def _commit(self) -> list[Frame]:
        """End the turn. Where less than 100 ms are there, the service says so, which does no harm."""
        if self._heard == self._settled:
            return []
        self._commits.append((self._settled, self._heard))
        self._settled = self._heard
        if self._pauses is not None:
            self._pauses = _Pauses()
        return [_COMMIT]

    def _item(self, name: str) -> _Item:
        start = self._commits[0][0] if self._commits else self._settled
        return self._items.setdefault(name, _Item(start, self._heard))

    def _completed(self, name: str, text: str) -> list[Event]:
        item = self._item(name)
        del self._items[name]
        if text:
            return [Final(text, item.start, item.end), Utterance(text, item.start, item.end)]
        return [Interim("", item.start, item.end)] if item.text else []

    def _break_off(self, name: str) -> list[Event]:
        """Keep what was heard of a turn whose transcript will not come."""
        item = self._items.pop(name, None)
        if item is None or not item.text.strip():
            return []
        return [Utterance(item.text.strip(), item.start, item.end, confirmed=False)]
