"""The state of a transcription: utterances that are settled, and the one that is being spoken."""

from sessions.events import Event, Final, Interim, Utterance
from sessions.state.log import Entry


class Transcript:
    """Folds events of one transcription into a log. Channels are kept apart."""

    def __init__(self, log: list[Entry]) -> None:
        self._log = log
        self._finals: dict[int, list[Final]] = {}
        self._interims: dict[int, Interim] = {}

    def apply(self, event: Event, t: float) -> None:
        match event:
            case Interim(channel=channel):
                self._interims[channel] = event
            case Final(channel=channel):
                self._interims.pop(channel, None)
                self._finals.setdefault(channel, []).append(event)
            case Utterance(channel=channel):
                self._finals.pop(channel, None)
                if not event.confirmed:  # then the interim is in it; else it is of the next utterance
                    self._interims.pop(channel, None)
                remark = "" if event.confirmed else "unconfirmed"
                self._log.append(Entry("speech", event.text, start=event.start, remark=remark))
            case _:
                pass

    @property
    def live(self) -> tuple[Entry, ...]:
        entries = []
        for channel in sorted({*self._finals, *self._interims}):
            finals = self._finals.get(channel, [])
            interim = self._interims.get(channel)
            text = " ".join(final.text for final in finals)
            tail = interim.text if interim else ""
            if text or tail:
                start = finals[0].start if finals else interim.start if interim else None
                entries.append(Entry("speech", text, tail, start))
        return tuple(entries)
