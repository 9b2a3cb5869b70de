"""An ElevenLabs agent: the start, turns, interruptions, tools, formats, the end."""

import base64
import json
import re
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.commands import (
    AnswerToolCall,
    CancelAnswer,
    Command,
    Finish,
    ImpossibleCommand,
    SendAudio,
    SendText,
    Truncate,
)
from sessions.events import (
    AnswerCorrected,
    AnswerDone,
    AnswerStarted,
    AnswerText,
    Audio,
    AudioEnd,
    Event,
    Interrupted,
    Malformed,
    Problem,
    Raw,
    Ready,
    ToolCall,
    UserText,
)
from sessions.providers import g711
from sessions.providers.elevenlabs_agent import QUIET, UNSPOKEN, ElevenLabsAgentCodec

MADE = re.compile("elevenlabs-[0-9a-f]{8}-")


def metadata(output: str = "pcm_16000", **fields: Any) -> str:
    event = {"conversation_id": "conv_1", "agent_output_audio_format": output, **fields}
    return json.dumps(
        {
            "type": "conversation_initiation_metadata",
            "conversation_initiation_metadata_event": event,
        }
    )


METADATA = metadata(user_input_audio_format="pcm_16000", persistent_session_token=None)


def message(kind: str, payload: str, **fields: Any) -> str:
    return json.dumps({"type": kind, payload: fields})


def audio(event_id: int, pcm: bytes = b"\1\0") -> str:
    data = base64.b64encode(pcm).decode()
    return message("audio", "audio_event", audio_base_64=data, event_id=event_id, is_final=False)


def response(text: str, event_id: int | None = 1) -> str:
    extra = {} if event_id is None else {"event_id": event_id, "response_type": "text"}
    return message("agent_response", "agent_response_event", agent_response=text, **extra)


def part(kind: str, text: str = "", event_id: int | None = 1) -> str:
    extra = {} if event_id is None else {"event_id": event_id}
    return message("agent_chat_response_part", "text_response_part", text=text, type=kind, **extra)


def correction(text: str, **fields: Any) -> str:
    fields |= {"original_agent_response": "The Rhine.", "corrected_agent_response": text}
    return message("agent_response_correction", "agent_response_correction_event", **fields)


def interruption(event_id: int) -> str:
    return message("interruption", "interruption_event", event_id=event_id)


def transcript(text: str, event_id: int = 10) -> str:
    return message("user_transcript", "user_transcription_event", user_transcript=text, event_id=event_id)


def draft(text: str) -> str:
    return message(
        "tentative_user_transcript", "tentative_user_transcription_event", user_transcript=text, event_id=10
    )


def ping(event_id: int, ping_ms: int | None = 41) -> str:
    return message("ping", "ping_event", event_id=event_id, ping_ms=ping_ms)


def numbered(event: Event) -> Event:
    """The names that the codec makes, without what differs between sessions."""
    fields = msgspec.structs.asdict(event).items()
    made = {name: MADE.sub("#", text) for name, text in fields if isinstance(text, str)}
    return msgspec.structs.replace(event, **made)


def read(codec: ElevenLabsAgentCodec, *frames: str, now: float = 0.0) -> list[Event]:
    return [numbered(event) for frame in frames for event in codec.receive(frame, now)]


def later(codec: ElevenLabsAgentCodec, now: float) -> list[Event]:
    return [numbered(event) for event in codec.elapse(now)]


def sent(codec: ElevenLabsAgentCodec, command: Command | None = None) -> list[dict[str, Any]]:
    frames = codec.send(command, 0.0) if command else codec.poll(0.0)
    return [json.loads(frame) for frame in frames]


def ready(frame: str = METADATA, *, text_only: bool = False) -> ElevenLabsAgentCodec:
    codec = ElevenLabsAgentCodec(text_only=text_only)
    codec.poll(0.0)
    codec.receive(frame, 0.0)
    return codec


# The start


def test_initiation_is_the_first_message_and_goes_out_once() -> None:
    codec = ElevenLabsAgentCodec()
    assert sent(codec) == [{"type": "conversation_initiation_client_data"}]
    assert read(codec, METADATA) == [Ready("conv_1")]
    assert sent(codec) == []


def test_text_alone_is_asked_for_by_an_override() -> None:
    assert sent(ElevenLabsAgentCodec(text_only=True)) == [
        {
            "type": "conversation_initiation_client_data",
            "conversation_config_override": {"conversation": {"text_only": True}},
        }
    ]


@pytest.mark.parametrize("command", [SendText("t1", "Hi."), SendAudio(b"\0\0"), CancelAnswer()])
def test_before_the_metadata_nothing_can_be_sent(command: Command) -> None:
    codec = ElevenLabsAgentCodec()
    codec.poll(0.0)
    with pytest.raises(ImpossibleCommand, match="not ready"):
        codec.send(command, 0.0)


# Formats


def test_formats_are_those_that_the_agent_names() -> None:
    codec = ready(metadata("pcm_44100", user_input_audio_format="pcm_24000"))
    assert codec.input_rate == 24000
    assert read(codec, audio(1))[1:] == [Audio("#1", b"\1\0", 44100)]


def test_input_is_taken_for_16_khz_where_the_agent_does_not_say() -> None:
    assert ready(metadata()).input_rate == 16000


def test_mu_law_is_spoken_in_both_directions() -> None:
    codec = ready(metadata("ulaw_8000", user_input_audio_format="ulaw_8000"))
    assert codec.input_rate == 8000
    samples = struct.pack("<4h", 0, 1000, -1000, -32768)
    [chunk] = sent(codec, SendAudio(samples))
    compressed = base64.b64decode(chunk["user_audio_chunk"])
    assert compressed == b"\xff\xce\x4e\x00"
    [_, event] = read(codec, audio(1, compressed))
    assert event == Audio("#1", struct.pack("<4h", 0, 988, -988, -32124), 8000)


def test_every_mu_law_code_survives_the_round_trip() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # the other zero
    assert g711.encode(g711.decode(codes)) == codes
    assert g711.decode(b"\x7f") == b"\0\0"
    assert g711.encode(b"\0\0\1") == b"\xff"


@pytest.mark.parametrize("name", ["mp3_44100", "pcm_11025", "pcm", "ulaw_8000_128", ""])
def test_unknown_output_format_is_a_problem_and_its_audio_is_not_played(name: str) -> None:
    codec = ElevenLabsAgentCodec()
    greeting, problem = read(codec, metadata(name))
    assert greeting == Ready("conv_1")
    assert isinstance(problem, Problem) and name in problem.message
    assert read(codec, audio(1), response("Hello.")) == [
        AnswerStarted("#1"),
        AnswerText("#1", "#1", "Hello."),
    ]


def test_unknown_input_format_is_a_problem_and_leaves_the_text() -> None:
    codec = ElevenLabsAgentCodec()
    _, problem = read(codec, metadata(user_input_audio_format="opus_48000"))
    assert isinstance(problem, Problem) and "opus_48000" in problem.message
    assert codec.input_rate is None
    with pytest.raises(ImpossibleCommand, match="no audio"):
        codec.send(SendAudio(b"\0\0"), 0.0)
    assert sent(codec, SendText("t1", "Hi."))


# What goes up


def test_microphone_audio_has_no_type() -> None:
    assert sent(ready(), SendAudio(b"\x00\xff\xfe\x10")) == [{"user_audio_chunk": "AP/+EA=="}]
    with pytest.raises(ImpossibleCommand, match="empty"):
        ready().send(SendAudio(b""), 0.0)


def test_turn_by_text() -> None:
    assert sent(ready(), SendText("t1", "Say hi, caf\udce9.")) == [
        {"type": "user_message", "text": "Say hi, caf\ufffd."}
    ]
    with pytest.raises(ImpossibleCommand, match="no text"):
        ready().send(SendText("t1", " \n"), 0.0)


@pytest.mark.parametrize("command", [Truncate("a", 1.0), Finish()])
def test_what_the_wire_does_not_know_is_impossible(command: Command) -> None:
    with pytest.raises(ImpossibleCommand, match=type(command).__name__):
        ready().send(command, 0.0)


def test_pings_are_answered_at_once() -> None:
    codec = ready()
    assert read(codec, ping(6), ping(7, None)) == []
    assert sent(codec) == [{"type": "pong", "event_id": 6}, {"type": "pong", "event_id": 7}]
    assert sent(codec) == []


# Turns


def test_spoken_turn_as_recorded() -> None:
    codec = ready()
    assert read(
        codec,
        draft("Hello,"),
        draft("Hello, my"),
        transcript("Hello, my name is Ada.", 10),
        audio(10, b"\1\0"),
        audio(10, b"\2\0"),
        response("Hello Ada.", 10),
        message("context_usage", "context_usage_event", event_id=10, model="m", context_tokens=451),
    ) == [
        UserText("#1", "Hello,", final=False),
        UserText("#1", " my", final=False),
        UserText("#1", "Hello, my name is Ada.", final=True),
        AnswerStarted("#2"),
        Audio("#2", b"\1\0", 16000),
        Audio("#2", b"\2\0", 16000),
        AnswerText("#2", "#2", "Hello Ada."),
    ]
    assert later(codec, QUIET - 0.1) == []
    assert later(codec, QUIET) == [AudioEnd("#2"), AnswerDone("#2", "completed")]
    assert later(codec, 9.0) == []


def test_draft_that_revises_itself_waits_for_the_final() -> None:
    assert read(ready(), draft("Their"), draft("There is"), draft("Their"), transcript("There is one.")) == [
        UserText("#1", "Their", final=False),
        UserText("#1", "There is one.", final=True),
    ]
    assert read(ready(), transcript("One."), transcript("Two.")) == [
        UserText("#1", "One.", final=True),
        UserText("#2", "Two.", final=True),
    ]


def test_next_turn_ends_the_answer() -> None:
    codec = ready()
    events = read(codec, audio(1), transcript("And a lake?", 2), audio(2), audio(3))
    assert events == [
        AnswerStarted("#1"),
        Audio("#1", b"\1\0", 16000),
        AudioEnd("#1"),
        AnswerDone("#1", "completed"),
        UserText("#2", "And a lake?", final=True),
        AnswerStarted("#3"),
        Audio("#3", b"\1\0", 16000),
        AudioEnd("#3"),
        AnswerDone("#3", "completed"),
        AnswerStarted("#4"),
        Audio("#4", b"\1\0", 16000),
    ]


def test_message_after_the_quiet_ends_the_answer_too() -> None:
    codec = ready()
    read(codec, audio(1))
    assert read(codec, ping(2), now=QUIET) == [AudioEnd("#1"), AnswerDone("#1", "completed")]


def test_speech_that_goes_on_after_a_quiet_is_heard() -> None:
    codec = ready()
    read(codec, audio(1), response("Let me see."))
    assert read(codec, audio(1, b"\2\0"), response(" It is sunny."), now=5.0)[2:] == [
        AnswerStarted("#2"),
        Audio("#2", b"\2\0", 16000),
        AnswerText("#2", "#2", " It is sunny."),
    ]


def test_text_waits_longer_for_its_speech() -> None:
    codec = ready()
    read(codec, response("Hello."))
    assert later(codec, QUIET) == []
    assert later(codec, UNSPOKEN) == [AnswerDone("#1", "completed")]


def test_text_of_older_agents_has_no_id() -> None:
    codec = ready()
    assert read(codec, response("One.", None), audio(5), response("Two.", None), audio(6)) == [
        AnswerStarted("#1"),
        AnswerText("#1", "#1", "One."),
        Audio("#1", b"\1\0", 16000),
        AnswerText("#1", "#1", " Two."),
        AudioEnd("#1"),
        AnswerDone("#1", "completed"),
        AnswerStarted("#2"),
        Audio("#2", b"\1\0", 16000),
    ]


def test_agent_that_hangs_up_has_finished_its_answer() -> None:
    codec = ready()
    read(codec, audio(1))
    assert [numbered(event) for event in codec.closed(clean=True)] == [
        AudioEnd("#1"),
        AnswerDone("#1", "completed"),
    ]
    assert codec.closed(clean=True) == []
    read(codec, audio(2))
    assert codec.closed(clean=False) == []


def test_samples_split_over_chunks_are_put_together() -> None:
    events = read(ready(), *[audio(1, bytes([number])) for number in range(4)])
    assert events[1:] == [Audio("#1", b"\0\1", 16000), Audio("#1", b"\2\3", 16000)]


def test_names_differ_between_sessions() -> None:
    [one, *_], [other, *_] = ready().receive(audio(1), 0.0), ready().receive(audio(1), 0.0)
    assert isinstance(one, AnswerStarted) and isinstance(other, AnswerStarted)
    assert one.answer != other.answer


# Text alone


def test_text_streams_and_comes_once_more_as_a_whole() -> None:
    codec = ready(text_only=True)
    assert codec.input_rate is None
    frames = part("start"), part("delta", "Hello "), part("delta", "there."), part("stop")
    assert read(codec, *frames, response("Hello there.")) == [
        AnswerStarted("#1"),
        AnswerText("#1", "#1", "Hello "),
        AnswerText("#1", "#1", "there."),
        AnswerDone("#1", "completed"),
    ]
    assert read(codec, part("start", event_id=2), part("delta", "Bye.", 2)) == [
        AnswerStarted("#2"),
        AnswerText("#2", "#2", "Bye."),
    ]
    assert later(codec, 60.0) == []


def test_text_may_come_as_a_whole_only() -> None:
    codec = ready(text_only=True)
    assert read(codec, part("start"), part("stop"), response("Hello."), response("")) == [
        AnswerStarted("#1"),
        AnswerDone("#1", "completed"),
        AnswerStarted("#2"),
        AnswerText("#2", "#2", "Hello."),
        AnswerDone("#2", "completed"),
    ]


def test_streamed_text_does_not_end_an_answer_that_is_spoken() -> None:
    codec = ready()
    events = read(codec, part("start"), part("delta", "Hello."), part("stop"), audio(1), response("Hello."))
    assert events == [
        AnswerStarted("#1"),
        AnswerText("#1", "#1", "Hello."),
        Audio("#1", b"\1\0", 16000),
    ]


def test_cancelled_text_is_dropped() -> None:
    codec = ready(text_only=True)
    read(codec, part("start"), part("delta", "Hello "))
    assert sent(codec, CancelAnswer()) == []
    assert read(codec, part("delta", "there."), part("stop"), response("Hello there.")) == []
    assert later(codec, QUIET) == [AnswerDone("#1", "cancelled")]


def test_agent_without_audio_takes_none() -> None:
    with pytest.raises(ImpossibleCommand, match="no audio"):
        ready(text_only=True).send(SendAudio(b"\0\0"), 0.0)


# Interruption


def test_user_interrupts_by_voice_as_recorded() -> None:
    codec = ready()
    assert read(
        codec,
        *(transcript("Tell a story.", 23), audio(23), interruption(51)),
        *(response("Once upon...", 23), audio(23)),
        *(transcript("Stop.", 66), audio(66), response("Goodbye.", 66)),
    ) == [
        UserText("#1", "Tell a story.", final=True),
        AnswerStarted("#2"),
        Audio("#2", b"\1\0", 16000),
        Interrupted(),
        AnswerText("#2", "#2", "Once upon..."),
        AudioEnd("#2"),
        AnswerDone("#2", "cancelled"),
        UserText("#3", "Stop.", final=True),
        AnswerStarted("#4"),
        Audio("#4", b"\1\0", 16000),
        AnswerText("#4", "#4", "Goodbye."),
    ]


def test_user_interrupts_by_text_as_recorded() -> None:
    """The interruption has the id of the answer that comes after it."""
    codec = ready()
    read(codec, audio(1), response("It is sunny."))
    sent(codec, SendText("t2", "Thanks."))
    assert read(codec, interruption(2), correction("It...", event_id=1), ping(2), audio(2)) == [
        Interrupted(),
        AnswerCorrected("#1", "It..."),
        AudioEnd("#1"),
        AnswerDone("#1", "cancelled"),
        AnswerStarted("#2"),
        Audio("#2", b"\1\0", 16000),
    ]


@pytest.mark.parametrize(("event_id", "heard"), [(3, False), (4, False), (5, False), (6, True)])
def test_audio_of_before_an_interruption_is_dropped(event_id: int, heard: bool) -> None:
    codec = ready()
    read(codec, audio(5), interruption(5))
    assert bool(read(codec, audio(event_id))) is heard


def test_interrupted_answer_is_over_soon_after() -> None:
    codec = ready()
    read(codec, response("Once upon a time."))
    assert read(codec, interruption(2), now=0.5) == [Interrupted()]
    assert later(codec, 0.5 + QUIET) == [AnswerDone("#1", "cancelled")]
    assert read(codec, response("Once...", 1), now=4.0) == []
    assert read(ready(), interruption(2)) == [Interrupted()]


def test_rest_of_a_cancelled_answer_is_dropped() -> None:
    codec = ready()
    read(codec, audio(1))
    assert sent(codec, CancelAnswer()) == []
    assert read(codec, audio(1), audio(1)) == []
    assert later(codec, QUIET) == [AudioEnd("#1"), AnswerDone("#1", "cancelled")]
    assert read(codec, audio(1), audio(2)) == [AnswerStarted("#2"), Audio("#2", b"\1\0", 16000)]


def test_answer_without_an_id_can_be_cancelled() -> None:
    codec = ready()
    assert sent(codec, CancelAnswer()) == []
    read(codec, response("Hello.", None))
    sent(codec, CancelAnswer())
    assert read(codec, interruption(3)) == [Interrupted()]
    assert later(codec, QUIET) == [AnswerDone("#1", "cancelled")]


def test_correction_of_an_answer_that_is_over_finds_it() -> None:
    codec = ready()
    read(codec, response("The Rhine.", 1), response("The Elbe.", 2))
    assert read(codec, correction("The...", event_id=1)) == [AnswerCorrected("#1", "The...")]
    assert read(codec, correction("The...", event_id=9), correction("The...")) == []


# Tools


def test_tool_call_is_answered() -> None:
    codec = ready()
    frame = (
        '{"type":"client_tool_call","client_tool_call":{"tool_name":"weather","tool_call_id":"tc1",'
        '"parameters":{"city":"Lyon"},"event_id":13,"expects_response":true}}'
    )
    assert read(codec, frame) == [ToolCall("tc1", "weather", '{"city":"Lyon"}')]
    assert sent(codec, AnswerToolCall("tc1", "14 degrees")) == [
        {"type": "client_tool_result", "tool_call_id": "tc1", "result": "14 degrees", "is_error": False}
    ]


def test_unknown_tool_is_answered_as_failed() -> None:
    codec = ready()
    read(codec, message("client_tool_call", "client_tool_call", tool_name="x", tool_call_id="tc2"))
    [result] = sent(codec, AnswerToolCall("tc2", "no such tool", failed=True))
    assert result["is_error"] is True


# Trouble


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"code": 1008, "error_type": "override_error", "message": "prompt override not allowed"},
            Problem("override_error", "prompt override not allowed"),
        ),
        ({"code": 1002, "reason": "timeout", "message": None}, Problem("1002", "timeout")),
        ({"code": 1011}, Problem("1011", "")),
        ({}, Problem("error", "")),
    ],
)
def test_error_is_a_problem(fields: dict[str, Any], problem: Problem) -> None:
    assert read(ready(), message("error", "error_event", **fields)) == [problem]


@pytest.mark.parametrize(
    ("code", "reason", "advice"),
    [
        (1008, "override_error: first_message", "security settings"),
        (1008, "missing_dynamic_variable", "variable"),
        (1008, "", "agent's id"),
        (1002, "transport_receive_timeout", "60 s"),
        (1002, "llm_timeout", "language model"),
        (1002, "tts_cascade_error", "models failed"),
        (1002, "safety_violation", "policy"),
        (1002, "", "60 s"),
        (1000, "max_duration_exceeded", "longest time"),
        (1000, "", ""),
        (1011, "", ""),
    ],
)
def test_close_is_explained(code: int, reason: str, advice: str) -> None:
    meaning = ready().explain_close(code, reason)
    assert advice in meaning and bool(advice) == bool(meaning)


@pytest.mark.parametrize(
    "frame",
    [
        message("vad_score", "vad_score_event", vad_score=0.4),
        message("agent_tool_response", "agent_tool_response", tool_name="x", tool_call_id="tc1"),
        message("agent_reasoning_response_part", "reasoning_response_part", type="delta", event_id="r1"),
        '{"type":"guardrail_triggered"}',
    ],
)
def test_message_of_no_concern_is_no_event(frame: str) -> None:
    assert read(ready(), frame) == []


def test_message_of_an_unknown_kind_survives_whole() -> None:
    frame = message("mood", "mood_event", mood="good")
    assert read(ready(), frame) == [Raw("mood", frame)]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "null",
        "{",
        '{"type":"audio"}',
        '{"type":"ping","ping_event":{}}',
        '{"type":"audio","audio_event":{"audio_base_64":"AAA","event_id":1}}',
        part("pause"),
    ],
)
def test_unreadable_message_is_malformed(frame: str) -> None:
    [event] = read(ready(), frame)
    assert isinstance(event, Malformed)


# Whatever comes, in whatever order

STEPS = st.one_of(
    st.builds(audio, st.integers(1, 4)),
    st.builds(response, st.sampled_from(["a", ""]), st.none() | st.integers(1, 4)),
    st.builds(part, st.sampled_from(["start", "delta", "stop"]), st.just("b"), st.none() | st.integers(1, 4)),
    st.builds(interruption, st.integers(1, 4)),
    st.sampled_from([transcript("c"), draft("c"), ping(1), correction("d", event_id=2)]),
    st.sampled_from([SendText("t1", "Why?"), CancelAnswer()]),
)


@given(
    steps=st.lists(st.tuples(STEPS, st.sampled_from([0.0, 0.1, 1.0, 5.0])), max_size=40),
    text_only=st.booleans(),
)
def test_what_belongs_to_an_answer_comes_between_its_start_and_its_end(
    steps: list[tuple[str | SendText | CancelAnswer, float]], text_only: bool
) -> None:
    codec = ready(text_only=text_only)
    running, now = "", 0.0
    settled = set()
    for step, wait in steps:
        now += wait
        for event in read(codec, step, now=now) if isinstance(step, str) else later(codec, now):
            match event:
                case AnswerStarted(answer=answer):
                    assert not running
                    running = answer
                case AnswerText(answer=name) | Audio(utterance=name) | AudioEnd(utterance=name):
                    assert name == running
                case AnswerDone(answer=answer):
                    assert answer == running
                    running = ""
                case UserText(item=item, final=final):
                    assert item not in settled
                    settled |= {item} if final else set()
                case _:
                    pass
        if not isinstance(step, str):
            codec.send(step, now)
