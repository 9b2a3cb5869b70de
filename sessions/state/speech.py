"""The state of a text-to-speech session: its utterances, and what has come of each."""

from dataclasses import dataclass, field

from sessions.audio.mixer import Progress
from sessions.events import Audio, AudioEnd, AudioSpan, AudioWords, Closed, Event, Failed, Ready
from sessions.state.snapshot import Speech, SpeechPhase
from sessions.state.spoken_words import SpokenWords

KEPT = 200
"""Utterances kept in the list; older ones are forgotten when they are over."""
LATENCIES = 60
"""Of the latest utterances."""


@dataclass
class _Utterance:
    name: str
    text: str
    asked_at: float
    after: int
    words: SpokenWords
    first_byte: float | None = None
    complete: bool = False
    over: SpeechPhase | None = None
    spans: list[AudioSpan] = field(default_factory=list)

    def sentence_at(self, played: float) -> tuple[int, int] | None:
        begun = [span for span in self.spans if span.start <= played]
        return (begun[-1].begin, begun[-1].end) if begun else None


class SpeechList:
    """Folds events of one text-to-speech session. Utterances are synthesised in the order asked for."""

    def __init__(self) -> None:
        self._utterances: dict[str, _Utterance] = {}

    def ask(self, name: str, text: str, t: float, after: int = 0) -> None:
        """An utterance was asked for at `t`, when the session's log had `after` entries."""
        self._utterances[name] = _Utterance(name, text, t, after, SpokenWords(text))
        over = [each.name for each in self._utterances.values() if each.complete or each.over]
        for old in over[: max(0, len(self._utterances) - KEPT)]:
            del self._utterances[old]

    def apply(self, event: Event, t: float) -> None:
        match event:
            case Audio(utterance=name) if utterance := self._utterances.get(name):
                if utterance.first_byte is None:
                    utterance.first_byte = t - utterance.asked_at
            case AudioSpan(utterance=name) if utterance := self._utterances.get(name):
                utterance.spans.append(event)
            case AudioWords(utterance=name, words=words) if utterance := self._utterances.get(name):
                utterance.words.add(words)
            case Ready():
                for utterance in self._utterances.values():
                    if utterance.first_byte is None and utterance.over is None:
                        utterance.asked_at = t  # until now it waited for the connection
            case AudioEnd(utterance=name) if utterance := self._utterances.get(name):
                utterance.complete = True
            case Closed() | Failed():
                for utterance in self._utterances.values():
                    if not utterance.complete and utterance.over is None:
                        utterance.over = "broken"
            case _:
                pass

    def clear(self, playing: set[str]) -> None:
        """Everything not yet played to its end was dropped."""
        for utterance in self._utterances.values():
            if not utterance.complete or utterance.name in playing:
                utterance.over = utterance.over or "cleared"

    def drop(self, name: str) -> None:
        """This one was dropped."""
        if utterance := self._utterances.get(name):
            utterance.over = "cleared"

    def is_wanted(self, name: str) -> bool:
        """Whether what comes of it is to be heard: it was not dropped."""
        utterance = self._utterances.get(name)
        return utterance is not None and utterance.over is None

    def is_heard(self, name: str) -> bool:
        """Whether audio of it has come."""
        utterance = self._utterances.get(name)
        return utterance is not None and utterance.first_byte is not None

    @property
    def latest(self) -> str | None:
        """The last utterance of which audio has come."""
        heard = [each.name for each in self._utterances.values() if each.first_byte is not None]
        return heard[-1] if heard else None

    @property
    def latencies(self) -> tuple[float, ...]:
        """Seconds from the wish to the first audio, of the latest utterances, oldest first."""
        heard = [each.first_byte for each in self._utterances.values() if each.first_byte is not None]
        return tuple(heard[-LATENCIES:])

    def is_over(self, name: str) -> bool:
        """Whether all that will come of the utterance has come."""
        utterance = self._utterances.get(name)
        return utterance is None or utterance.complete or utterance.over is not None

    def again(self, name: str) -> bool:
        """The utterance is played once more from what has come of it; return whether that is all of it."""
        utterance = self._utterances[name]
        utterance.complete = utterance.complete or utterance.over is not None
        utterance.over = None
        return utterance.complete

    def view(self, progress: dict[str, Progress], *, connected: bool = True) -> tuple[Speech, ...]:
        """Join what came with what was played. Without a connection nothing is synthesised."""
        waiting = [each for each in self._utterances.values() if not each.complete and not each.over]
        first = waiting[0].name if waiting and connected else None
        return tuple(self._speech(each, progress.get(each.name), first) for each in self._utterances.values())

    def _speech(self, utterance: _Utterance, progress: Progress | None, first_waiting: str | None) -> Speech:
        phase: SpeechPhase
        if utterance.over:
            phase = utterance.over
        elif progress is None and utterance.complete:
            phase = "done"  # without any sound, as for "…"
        elif progress is None:
            phase = "synthesising" if utterance.name == first_waiting else "queued"
        elif progress.finished:
            phase = "done"
        elif progress.paused:
            phase = "paused"
        elif progress.current:
            phase = "playing"
        else:
            phase = "queued"
        played = progress.played if progress else 0.0
        sounds = progress is not None and phase in ("playing", "paused")
        return Speech(
            utterance.name,
            utterance.text,
            phase,
            utterance.first_byte,
            played,
            progress.length if progress else 0.0,
            utterance.complete,
            utterance.sentence_at(played) if sounds else None,
            utterance.words.at(played) if sounds else None,
            utterance.after,
        )
