"""The state of a conversation: its turns, in the provider's order, each as far as it has come."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from sessions.events import (
    AnswerCorrected,
    AnswerDone,
    AnswerStarted,
    AnswerText,
    Closed,
    Event,
    Failed,
    ToolCall,
    ToolCallsCancelled,
    TurnAdded,
    UserText,
)
from sessions.state.log import Entry, Role
from sessions.state.snapshot import ToolRequest, ToolState
from sessions.text import one_line

_SHOWN = 300
"""Characters of a call or its outcome that the log tells."""


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
        self._latest: _Turn | None = None
        self._calls: dict[str, ToolRequest] = {}
        self._notes = itertools.count(1)
        self._running = ""
        self.answering = False

    def say(self, item: str, text: str) -> None:
        """The user has sent a turn by text."""
        self._latest = _Turn(item, "user", text, settled=True)
        self._add(self._latest)
        self._settle()

    @property
    def latest(self) -> str:
        """The item of the user's latest turn; empty if there is none."""
        return self._latest.item if self._latest else ""

    def take_back(self) -> None:
        """The user's latest turn and all that followed count no more."""
        assert self._latest is not None
        for turn in self._turns.values():
            if not turn.settled:
                turn.settled, turn.remark = True, "taken back"
        self._note(f"taken back, with all that followed: {self._latest.text}")
        self._latest = None
        self._cancel_calls()
        self._settle()

    def note(self, text: str) -> None:
        """Tell something in its place among the turns."""
        self._note(text)
        self._settle()

    def waits(self, call: str) -> bool:
        """Whether this function's outcome is wanted."""
        return call in self._calls and self._calls[call].state == "waiting"

    def answered(self, call: str, output: str, *, failed: bool) -> None:
        """The outcome of a function was told to the model."""
        self._end_call(call, "failed" if failed else "answered", output)
        self._settle()

    def stop_calls(self) -> None:
        """The answer that asks for functions was stopped."""
        if self.answering:
            self._cancel_calls()
            self._settle()

    def stopped(self, item: str, heard: float) -> None:
        """The speech of an answer was cut after `heard` seconds."""
        remark = f"stopped after {heard:.1f} s"
        if item in self._turns:
            self._turns[item].remark = remark
        else:
            self._log.append(Entry("note", remark))

    def apply(self, event: Event) -> None:
        match event:
            case TurnAdded(item=item, role="user") if item not in self._known:
                self._add(_Turn(item, "user"))
            case TurnAdded(item=item, role="assistant") if item not in self._known:
                self._add(_Turn(item, "answer", answer=self._running))
            case UserText(item=item) if item in self._turns or item not in self._known:
                self._hear(event)
            case AnswerCorrected(item=item, text=text) if item in self._turns:
                self._turns[item].text = text
            case AnswerStarted(answer=answer):
                self.answering, self._running = True, answer
            case AnswerText(answer=answer, item=item, delta=delta):
                turn = self._turn(item, "answer")
                turn.answer = answer
                turn.text += delta
            case AnswerDone():
                self._done(event)
            case ToolCall(call=call, name=name, arguments=arguments):
                self._calls[call] = ToolRequest(call, name, arguments)
                self._note(f"the model asks for {name}({arguments})")
            case ToolCallsCancelled(calls=calls):
                self._cancel_calls(calls)
            case Closed() | Failed():
                self._break_off()
            case _:
                pass
        self._settle()

    @property
    def live(self) -> tuple[Entry, ...]:
        return tuple(turn.entry() for turn in self._turns.values())

    @property
    def calls(self) -> tuple[ToolRequest, ...]:
        return tuple(self._calls.values())

    def _hear(self, heard: UserText) -> None:
        turn = self._turn(heard.item, "user")
        turn.text = heard.text if heard.final else turn.text + heard.text
        turn.settled = heard.final
        if turn.text:
            self._latest = turn

    def _turn(self, item: str, role: Role) -> _Turn:
        if item not in self._turns:
            self._add(_Turn(item, role))
        return self._turns[item]

    def _add(self, turn: _Turn) -> None:
        self._turns[turn.item] = turn
        self._known.add(turn.item)

    def _note(self, text: str) -> None:
        self._add(_Turn(f"note {next(self._notes)}", "note", one_line(text, _SHOWN), settled=True))

    def _cancel_calls(self, calls: Iterable[str] | None = None) -> None:
        """The outcomes of these are wanted no more; of all if none are named."""
        for call in list(self._calls if calls is None else calls):
            if self.waits(call):
                self._end_call(call, "cancelled")

    def _end_call(self, call: str, state: ToolState, output: str = "") -> None:
        request = self._calls[call]
        self._calls[call] = msgspec.structs.replace(request, state=state, output=output)
        told = {"answered": f"answered: {output}", "failed": f"failed: {output}"}
        self._note(f"{request.name} {told.get(state, 'is not wanted any more')}")

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
        self._cancel_calls()

    def _settle(self) -> None:
        for item, turn in list(self._turns.items()):
            if not turn.settled:
                return
            if turn.text:
                self._log.append(turn.entry())
            del self._turns[item]
