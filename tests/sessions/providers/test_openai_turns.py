"""Questions, interruptions, turns taken back, in any order: the service runs one response at a time."""

import json
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from sessions.commands import CancelAnswer, Command, Forget, SendText
from sessions.events import AnswerDone, AnswerText, Problem
from sessions.providers.openai_realtime import RealtimeCodec


class Service:
    """Answers as the service does; each answer is to the questions so far.

    Of every other answer the item is told at its end only.
    """

    def __init__(self) -> None:
        self.sent: deque[str] = deque()
        self.refused: list[str] = []
        self.items: list[str] = []
        self.questions: dict[str, str] = {}
        """Of each answer's item the one that it answers."""
        self._questions = 0
        self._responses = 0
        self._running = False

    def take(self, frame: str) -> None:
        message = json.loads(frame)
        match message["type"]:
            case "conversation.item.create":
                self._questions += 1
                self._add(message["item"]["id"], "user")
            case "conversation.item.delete" if message["item_id"] in self.items:
                self.items.remove(message["item_id"])
            case "conversation.item.delete":
                self._refuse("item_not_found", message["event_id"])
            case "response.create" if self._running:
                self._refuse("conversation_already_has_active_response")
            case "response.create":
                self._running = True
                self._responses += 1
                self._send("response.created", response=self._response("in_progress"))
                answer = f"i{self._responses}"
                self.questions[answer] = self.items[-1] if self.items else ""
                self._add(answer, "assistant", told=self._responses % 2 == 0)
            case "response.cancel" if self._running:
                self._end("cancelled")
            case "response.cancel":
                self._refuse("response_cancel_not_active")

    def complete(self) -> None:
        if self._running:
            text = f"answer to {self._questions}"
            self._send("response.output_text.delta", response_id=f"r{self._responses}", delta=text)
            self._end("completed")

    def _end(self, status: str) -> None:
        self._running = False
        self._send("response.done", response=self._response(status))

    def _response(self, status: str) -> dict[str, object]:
        output = [{"id": f"i{self._responses}", "type": "message"}] if status != "in_progress" else []
        return {"id": f"r{self._responses}", "status": status, "output": output}

    def _add(self, item: str, role: str, *, told: bool = True) -> None:
        self.items.append(item)
        if told:
            self._send("conversation.item.added", item={"id": item, "type": "message", "role": role})

    def _refuse(self, code: str, event_id: str | None = None) -> None:
        self.refused.append(code)
        self._send("error", error={"type": "invalid_request_error", "code": code, "event_id": event_id})

    def _send(self, kind: str, **fields: object) -> None:
        self.sent.append(json.dumps({"type": kind, **fields}))


class Line:
    """A codec and its service, with messages under way in both directions."""

    def __init__(self) -> None:
        self.codec, self.service = RealtimeCodec(), Service()
        self.codec.receive('{"type":"session.created","session":{"id":"sess_1"}}', 0.0)
        self.under_way: deque[str] = deque()
        self.answers: list[str] = []
        self.ended: list[str] = []
        self.problems: list[str] = []

    def do(self, command: Command) -> None:
        self.under_way += map(str, self.codec.send(command, 0.0))

    def carry_up(self) -> None:
        if self.under_way:
            self.service.take(self.under_way.popleft())

    def carry_down(self) -> None:
        if self.service.sent:
            events = self.codec.receive(self.service.sent.popleft(), 0.0)
            self.answers += [event.delta for event in events if isinstance(event, AnswerText)]
            self.ended += [event.status for event in events if isinstance(event, AnswerDone)]
            self.problems += [event.code for event in events if isinstance(event, Problem)]
        self.under_way += map(str, self.codec.poll(0.0))

    def carry_across(self) -> None:
        while self.under_way or self.service.sent:
            self.carry_up()
            self.carry_down()

    def settle(self) -> None:
        for _ in range(200):
            self.carry_up()
            self.service.complete()
            self.carry_down()


STEPS = st.lists(
    st.sampled_from(["ask", "ask", "again", "cancel", "up", "up", "down", "down", "across", "complete"])
)


@given(STEPS)
def test_last_question_is_answered_unless_cancelled(steps: list[str]) -> None:
    line = Line()
    asked, open_question, shown = 0, False, 0
    taken_back: set[str] = set()
    for step in steps:
        match step:
            case "ask":
                asked, open_question = asked + 1, True
                line.do(SendText(f"t{asked}", "Why?"))
            case "again" if asked:
                taken_back.add(f"t{asked}")
                line.do(Forget(f"t{asked}"))
                asked, open_question = asked + 1, True
                line.do(SendText(f"t{asked}", "Why?"))
            case "cancel":
                open_question, shown = False, len(line.answers)
                line.do(CancelAnswer())
            case "up":
                line.carry_up()
            case "down":
                line.carry_down()
            case "across":
                line.carry_across()
            case _:
                line.service.complete()
    line.settle()
    assert "conversation_already_has_active_response" not in line.service.refused
    if open_question:
        assert line.answers[-1] == f"answer to {asked}"
        assert line.ended[-1] == "completed"
    else:
        assert len(line.answers) == shown, "nothing comes of what was cancelled"
    assert not line.problems, "whether there was anything to delete does not matter"
    held = set(line.service.items)
    assert not held & taken_back
    assert all(line.service.questions.get(item, item) in held for item in held), "no answer is left alone"
