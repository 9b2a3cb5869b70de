"""The turns of a conversation, in their order, whatever order they become known in."""

from hypothesis import given
from hypothesis import strategies as st

from sessions.events import (
    AnswerDone,
    AnswerStarted,
    AnswerText,
    Closed,
    Event,
    Failed,
    Ready,
    ToolCall,
    ToolCallsCancelled,
    TurnAdded,
    UserText,
)
from sessions.state.conversation import Conversation
from sessions.state.log import Entry


class Talk:
    """A conversation and its log."""

    def __init__(self) -> None:
        self.log: list[Entry] = []
        self.state = Conversation(self.log)

    def hear(self, *events: Event) -> "Talk":
        for event in events:
            self.state.apply(event)
        return self

    @property
    def settled(self) -> list[tuple[str, str, str]]:
        return [(entry.role, entry.text, entry.remark) for entry in self.log]


def asked(text: str = "Why?") -> Talk:
    talk = Talk()
    talk.state.say("t1", text)
    return talk


QUESTION = (Ready(), TurnAdded("t1", "user"), AnswerStarted("r1"), TurnAdded("i1", "assistant"))


def test_answer_is_shown_while_it_is_written() -> None:
    talk = asked().hear(*QUESTION, AnswerText("r1", "i1", "Be"))
    assert talk.settled == [("user", "Why?", "")]
    assert talk.state.live == (Entry("answer", "Be", tail="…"),)
    assert talk.state.answering


def test_answer_is_settled_when_it_is_done() -> None:
    talk = asked().hear(*QUESTION)
    talk.hear(AnswerText("r1", "i1", "Be"))
    talk.hear(AnswerText("r1", "i1", "cause."), AnswerDone("r1", "completed"))
    assert talk.settled == [("user", "Why?", ""), ("answer", "Because.", "")]
    assert not talk.state.live and not talk.state.answering


def test_what_the_user_said_stands_before_the_answer_however_late_it_is_known() -> None:
    talk = Talk().hear(
        TurnAdded("i1", "user"),
        AnswerStarted("r1"),
        TurnAdded("i2", "assistant"),
        AnswerText("r1", "i2", "Because."),
        AnswerDone("r1", "completed"),
    )
    assert talk.settled == []
    assert list(talk.state.live) == [Entry("user", "", tail="…"), Entry("answer", "Because.")]
    talk.hear(UserText("i1", "Wh", final=False), UserText("i1", "y", final=False))
    assert talk.state.live[0] == Entry("user", "", tail="Why")
    talk.hear(UserText("i1", "Why?", final=True))
    assert talk.settled == [("user", "Why?", ""), ("answer", "Because.", "")]


def test_turn_of_which_nothing_was_understood_leaves_nothing() -> None:
    talk = Talk().hear(TurnAdded("i1", "user"), UserText("i1", "", final=True))
    assert not talk.settled and not talk.state.live


def test_answer_that_was_stopped_says_when() -> None:
    talk = asked().hear(AnswerText("r1", "i1", "Because of the"))
    talk.state.stopped("i1", 1.26)
    talk.hear(AnswerDone("r1", "cancelled"))
    assert talk.settled[-1] == ("answer", "Because of the", "stopped after 1.3 s")


def test_speech_that_is_stopped_after_its_text_was_settled_leaves_a_note() -> None:
    talk = asked().hear(AnswerText("r1", "i1", "Because."), AnswerDone("r1", "completed"))
    talk.state.stopped("i1", 0.5)
    assert talk.settled[-1] == ("note", "stopped after 0.5 s", "")


def test_answer_that_did_not_complete_says_so() -> None:
    for status, remark in [("cancelled", "stopped"), ("incomplete", "incomplete")]:
        talk = asked().hear(AnswerText("r1", "i1", "Be"), AnswerDone("r1", status))
        assert talk.settled[-1] == ("answer", "Be", remark)


def test_answer_that_failed_says_why() -> None:
    talk = asked().hear(AnswerStarted("r1"), AnswerDone("r1", "failed", "Limit reached."))
    assert talk.settled == [("user", "Why?", ""), ("fault", "Limit reached.", "")]
    talk.hear(AnswerText("r2", "i2", "Be"), AnswerDone("r2", "failed"))
    assert talk.settled[2:] == [("answer", "Be", "failed"), ("fault", "the answer failed", "")]


def test_end_of_the_session_breaks_off_what_was_being_said() -> None:
    for ended in (Closed(1000), Failed("gone")):
        talk = asked().hear(AnswerStarted("r1"), AnswerText("r1", "i1", "Be"), TurnAdded("i2", "user"), ended)
        assert talk.settled == [("user", "Why?", ""), ("answer", "Be", "broken off")]
        assert not talk.state.live and not talk.state.answering


def test_turns_of_others_are_not_shown() -> None:
    assert not Talk().hear(TurnAdded("i1", "system")).state.live


def test_call_waits_until_it_is_answered_and_the_log_keeps_both() -> None:
    talk = asked().hear(ToolCall("c1", "weather", '{"city": "Lyon"}'), ToolCall("c2", "time", "{}"))
    assert talk.state.waits("c1") and [call.state for call in talk.state.calls] == ["waiting", "waiting"]
    talk.state.answered("c1", "14 degrees", failed=False)
    talk.state.answered("c2", "no clock", failed=True)
    assert [(call.state, call.output) for call in talk.state.calls] == [
        ("answered", "14 degrees"),
        ("failed", "no clock"),
    ]
    assert [text for role, text, _ in talk.settled if role == "note"] == [
        'the model asks for weather({"city": "Lyon"})',
        "the model asks for time({})",
        "weather answered: 14 degrees",
        "time failed: no clock",
    ]


def test_call_is_not_wanted_any_more_when_it_is_cancelled_or_its_connection_ends() -> None:
    for ended in (ToolCallsCancelled(("c1", "unknown")), Closed(1000), Failed("gone")):
        talk = asked().hear(ToolCall("c1", "weather", "{}"), ended)
        assert not talk.state.waits("c1") and talk.state.calls[0].state == "cancelled"
        assert talk.settled[-1] == ("note", "weather is not wanted any more", "")


def test_only_a_call_of_the_running_answer_is_stopped_with_it() -> None:
    talk = asked().hear(AnswerStarted("r1"), ToolCall("c1", "weather", "{}"))
    talk.state.stop_calls()
    assert not talk.state.waits("c1")
    talk.hear(AnswerDone("r1", "cancelled"), ToolCall("c2", "time", "{}"))
    talk.state.stop_calls()
    assert talk.state.waits("c2")


def test_what_is_taken_back_is_said_to_be_and_hears_nothing_more() -> None:
    talk = Talk().hear(TurnAdded("u1", "user"), UserText("u1", "Whe", final=False), AnswerStarted("r1"))
    talk.hear(ToolCall("c1", "weather", "{}"), AnswerText("r1", "i1", "Be"))
    assert talk.state.latest == "u1"
    talk.state.take_back()
    assert talk.state.latest == "" and not talk.state.waits("c1") and not talk.state.live
    assert [remark for role, _, remark in talk.settled if role in ("user", "answer")] == ["taken back"] * 2
    assert ("note", "taken back, with all that followed: Whe", "") in talk.settled
    talk.hear(UserText("u1", "Where?", final=True))
    assert "Where?" not in str(talk.settled), "what comes late is of no interest"
    talk.state.say("t2", "Why?")
    assert talk.settled[-1] == ("user", "Why?", "") and talk.state.latest == "t2"


QUESTIONS, PARTS = st.sampled_from(["q1", "q2"]), st.sampled_from(["i1", "i2"])
ANSWERS = st.sampled_from(["r1", "r2"])
EVENTS = st.one_of(
    st.builds(TurnAdded, QUESTIONS, st.just("user")),
    st.builds(TurnAdded, PARTS, st.just("assistant")),
    st.builds(UserText, QUESTIONS, st.sampled_from(["", "u"]), st.booleans()),
    st.builds(AnswerStarted, ANSWERS),
    st.builds(AnswerText, ANSWERS, PARTS, st.sampled_from(["", "a"])),
    st.builds(AnswerDone, ANSWERS, st.sampled_from(["completed", "cancelled", "failed"])),
)


@given(st.lists(EVENTS))
def test_no_piece_of_an_answer_is_lost_in_any_order(events: list[Event]) -> None:
    talk = Talk().hear(*events, Failed("gone"))
    said = sum(event.delta == "a" for event in events if isinstance(event, AnswerText))
    assert sum(entry.text.count("a") for entry in talk.log if entry.role == "answer") == said
    assert not talk.state.live
