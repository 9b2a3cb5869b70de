"""The state of a conversation: its turns, in the provider's order, each as far as it has come."""

from dataclasses import dataclass

from sessions.events import (
    AnswerCorrected,
    AnswerDone,
    AnswerStarted,
    AnswerText,
    Closed,
    Event,
    Failed,
    TurnAdded,
    UserText,
)
from sessions.state.log import Entry, Role


@dataclass
class _Turn:
    item: str
    role: Role
    text: str = ""
    settled: bool = False
    remark: str = ""
    answer: str = ""
    """The answer that the turn is a part of."""

    def entry(self) -> Entry:
        if self.settled:
            return Entry(self.role, self.text, remark=self.remark)
        if self.role == "user":
            return Entry(self.role, "", tail=self.text or "…", remark=self.remark)
        return Entry(self.role, self.text, tail="…", remark=self.remark)


class Conversation:
    """Folds events of one conversation.

    A turn moves into the log when it and all turns before it are settled, so that the transcript of what
    the user said, which may come after the answer to it, still stands before it.
    """

    def __init__(self, log: list[Entry]) -> None:
        self._log = log
        self._turns: dict[str, _Turn] = {}
        self._known: set[str] = set()
        self._asked_at: float | None = None
        self._running = ""
        self.answering = False
        self.answer_after: float | None = None

    def say(self, item: str, text: str, t: float) -> None:
        """The user has sent a turn by text."""
        self._add(_Turn(item, "user", text, settled=True))
        self._asked_at = t
        self._settle()

    def asked(self, t: float) -> None:
        """The user has ended a turn by voice."""
        self._asked_at = t

    def stopped(self, item: str, heard: float) -> None:
        """The speech of an answer was cut after `heard` seconds."""
        remark = f"stopped after {heard:.1f} s"
        if item in self._turns:
            self._turns[item].remark = remark
        else:
            self._log.append(Entry("note", remark))

    def apply(self, event: Event, t: float) -> None:
        match event:
            case TurnAdded(item=item, role="user") if item not in self._known:
                self._add(_Turn(item, "user"))
            case TurnAdded(item=item, role="assistant") if item not in self._known:
                self._add(_Turn(item, "answer", answer=self._running))
            case UserText(item=item, text=text, final=final):
                turn = self._turn(item, "user")
                turn.text = text if final else turn.text + text
                turn.settled = final
            case AnswerCorrected(item=item, text=text) if item in self._turns:
                self._turns[item].text = text
            case AnswerStarted(answer=answer):
                self.answering, self._running = True, answer
            case AnswerText(answer=answer, item=item, delta=delta):
                self._first_sign(t)
                turn = self._turn(item, "answer")
                turn.answer = answer
                turn.text += delta
            case AnswerDone():
                self._done(event)
            case Closed() | Failed():
                self._break_off()
            case _:
                pass
        self._settle()

    @property
    def live(self) -> tuple[Entry, ...]:
        return tuple(turn.entry() for turn in self._turns.values())

    def _turn(self, item: str, role: Role) -> _Turn:
        if item not in self._turns:
            self._add(_Turn(item, role))
        return self._turns[item]

    def _add(self, turn: _Turn) -> None:
        self._turns[turn.item] = turn
        self._known.add(turn.item)

    def _first_sign(self, t: float) -> None:
        if self._asked_at is not None:
            self.answer_after, self._asked_at = t - self._asked_at, None

    def _done(self, event: AnswerDone) -> None:
        self.answering = False
        for turn in self._turns.values():
            if turn.role != "user" and turn.answer == event.answer:
                turn.settled = True
                if event.status != "completed" and not turn.remark:
                    turn.remark = "stopped" if event.status == "cancelled" else event.status
        if event.status == "failed":
            self._add(_Turn(event.answer, "fault", event.reason or "the answer failed", settled=True))

    def _break_off(self) -> None:
        self.answering = False
        for turn in self._turns.values():
            if not turn.settled:
                turn.settled, turn.remark = True, "broken off"

    def _settle(self) -> None:
        for item, turn in list(self._turns.items()):
            if not turn.settled:
                return
            if turn.text:
                self._log.append(turn.entry())
            del self._turns[item]
