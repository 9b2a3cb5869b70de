"""Gemini Live: setup, turns by voice and text, interruptions, tools, the end of a connection."""

import base64
import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.commands import (
    AnswerToolCall,
    CancelAnswer,
    Command,
    Finalize,
    Finish,
    ImpossibleCommand,
    SendAudio,
    SendText,
    Truncate,
)
from sessions.events import (
    AnswerDone,
    AnswerStarted,
    AnswerText,
    Audio,
    AudioEnd,
    Event,
    GoingAway,
    Interrupted,
    Malformed,
    Problem,
    Raw,
    Ready,
    Resumable,
    SpeechStarted,
    SpeechStopped,
    ToolCall,
    ToolCallsCancelled,
    TurnAdded,
    Usage,
    UserText,
)
from sessions.providers.gemini_live import GeminiLiveCodec

MADE = re.compile("gemini-[0-9a-f]{8}-")
COMPLETE = '{"setupComplete": {}}'
DONE = '{"serverContent": {"turnComplete": true}}'
GENERATED = '{"serverContent": {"generationComplete": true}}'
INTERRUPTED = '{"serverContent": {"interrupted": true}}'


def content(**fields: Any) -> str:
    return json.dumps({"serverContent": fields})


def parts(*given: dict[str, Any]) -> str:
    return content(modelTurn={"role": "model", "parts": given})


def blob(pcm: bytes, mime_type: str | None = "audio/pcm;rate=24000") -> dict[str, Any]:
    data = base64.b64encode(pcm).decode()
    return {"inlineData": {"data": data} | ({"mimeType": mime_type} if mime_type is not None else {})}


def audio(pcm: bytes) -> str:
    return parts(blob(pcm))


def said(text: str) -> str:
    return content(outputTranscription={"text": text})


def heard(text: str) -> str:
    return content(inputTranscription={"text": text})


def voice(kind: str, offset: str = "1.880s") -> str:
    return json.dumps({"voiceActivity": {"type": f"ACTIVITY_{kind}", "audioOffset": offset}})


def called(call: str = "call_1", args: str = '{"city": "Lyon"}') -> str:
    return f'{{"toolCall": {{"functionCalls": [{{"id": "{call}", "name": "weather", "args": {args}}}]}}}}'


def numbered(event: Event) -> Event:
    """The names that the codec makes, without what differs between sessions."""
    fields = msgspec.structs.asdict(event).items()
    made = {name: MADE.sub("#", text) for name, text in fields if isinstance(text, str)}
    return msgspec.structs.replace(event, **made)


def read(codec: GeminiLiveCodec, *frames: str | bytes) -> list[Event]:
    return [numbered(event) for frame in frames for event in codec.receive(frame, 0.0)]


def sent(codec: GeminiLiveCodec, command: Command | None = None) -> list[dict[str, Any]]:
    frames = codec.send(command, 0.0) if command else codec.poll(0.0)
    return [json.loads(frame) for frame in frames]


def ready() -> GeminiLiveCodec:
    codec = GeminiLiveCodec("gemini-3.8-live")
    codec.poll(0.0)
    read(codec, COMPLETE)
    return codec


def answering() -> GeminiLiveCodec:
    codec = ready()
    codec.send(SendText("t1", "Name a river."), 0.0)
    assert read(codec, audio(b"\1\0")) == [AnswerStarted("#1"), Audio("#1", b"\1\0", 24000)]
    return codec


def ended(events: list[Event]) -> list[str]:
    return [event.status for event in events if isinstance(event, AnswerDone)]


# The start


def test_setup_is_the_first_message_and_goes_out_once() -> None:
    codec = GeminiLiveCodec("gemini-3.8-live")
    assert sent(codec) == [
        {
            "setup": {
                "model": "models/gemini-3.8-live",
                "generationConfig": {"responseModalities": ["AUDIO"]},
                "inputAudioTranscription": {},
                "outputAudioTranscription": {},
                "sessionResumption": {},
                "contextWindowCompression": {"slidingWindow": {}},
            }
        }
    ]
    read(codec, COMPLETE)
    assert sent(codec) == []


def test_setup_says_what_was_asked_for() -> None:
    tool = {"name": "weather", "description": "Tells it."}
    codec = GeminiLiveCodec(
        "models/gemini-3.8-live",
        voice="Kore",
        instructions="Be brief, caf\udce9.",
        tools=(tool,),
        handle="h-7",
    )
    [message] = sent(codec)
    setup = message["setup"]
    assert setup["model"] == "models/gemini-3.8-live"
    spoken = setup["generationConfig"]["speechConfig"]
    assert spoken == {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}
    assert setup["systemInstruction"] == {"parts": [{"text": "Be brief, caf\ufffd."}]}
    assert setup["tools"] == [{"functionDeclarations": [tool]}]
    assert setup["sessionResumption"] == {"handle": "h-7"}


def test_session_is_ready_when_the_setup_is_complete() -> None:
    assert read(GeminiLiveCodec("m"), COMPLETE) == [Ready()]
    assert read(GeminiLiveCodec("m"), '{"setupComplete": {"sessionId": "s1"}}') == [Ready("s1")]


@pytest.mark.parametrize("command", [SendText("t1", "Hi."), SendAudio(b"\0\0"), CancelAnswer()])
def test_before_that_nothing_can_be_sent(command: Command) -> None:
    codec = GeminiLiveCodec("m")
    codec.poll(0.0)
    with pytest.raises(ImpossibleCommand, match="not ready"):
        codec.send(command, 0.0)


# What goes up


def test_turn_by_text() -> None:
    assert sent(ready(), SendText("t1", "Name a river, caf\udce9.")) == [
        {
            "clientContent": {
                "turns": [{"role": "user", "parts": [{"text": "Name a river, caf\ufffd."}]}],
                "turnComplete": True,
            }
        }
    ]
    with pytest.raises(ImpossibleCommand, match="no text"):
        ready().send(SendText("t1", " \n"), 0.0)


def test_microphone_audio() -> None:
    [message] = sent(ready(), SendAudio(b"\x00\xff\xfe\x10"))
    assert message == {"realtimeInput": {"audio": {"mimeType": "audio/pcm;rate=16000", "data": "AP/+EA=="}}}
    with pytest.raises(ImpossibleCommand, match="empty"):
        ready().send(SendAudio(b""), 0.0)


def test_finalize_ends_the_stream_of_audio_for_now() -> None:
    assert sent(ready(), Finalize()) == [{"realtimeInput": {"audioStreamEnd": True}}]


@pytest.mark.parametrize("command", [Truncate("a", 1.0), Finish()])
def test_what_the_wire_does_not_know_is_impossible(command: Command) -> None:
    with pytest.raises(ImpossibleCommand, match=type(command).__name__):
        ready().send(command, 0.0)


# Turns


def test_spoken_turn_as_recorded() -> None:
    codec = ready()
    usage = {
        "promptTokenCount": 626,
        "responseTokenCount": 63,
        "totalTokenCount": 689,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 312},
            {"modality": "AUDIO", "tokenCount": 287},
        ],
        "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 63}],
        "thoughtsTokenCount": 40,
        "cachedContentTokenCount": 12,
    }
    events = read(
        codec,
        voice("START"),
        heard("Hello, "),
        heard("I am Ada."),
        voice("END", "5s"),
        "{}",
        '{"serverContent": {}}',
        content(
            modelTurn={"role": "model", "parts": [blob(b"\1\0")]}, outputTranscription={"text": "Hello Ada, "}
        ),
        "{}",
        audio(b"\2\0\3\0"),
        said("nice to meet you."),
        GENERATED,
        json.dumps({"serverContent": {"turnComplete": True}, "usageMetadata": usage}),
    )
    assert events == [
        SpeechStarted(1.88),
        TurnAdded("#1", "user"),
        UserText("#1", "Hello, ", final=False),
        UserText("#1", "I am Ada.", final=False),
        SpeechStopped(5.0),
        AnswerStarted("#2"),
        Audio("#2", b"\1\0", 24000),
        AnswerText("#2", "#2", "Hello Ada, "),
        Audio("#2", b"\2\0\3\0", 24000),
        AnswerText("#2", "#2", "nice to meet you."),
        AudioEnd("#2"),
        UserText("#1", "Hello, I am Ada.", final=True),
        AnswerDone("#2", "completed", "", Usage(339, 287, 12, 40, 63)),
    ]


def test_transcript_of_the_speech_may_begin_before_it_and_end_after_it() -> None:
    assert read(ready(), said("The "), audio(b"\1\0"), GENERATED, said("Rhine."), DONE) == [
        AnswerStarted("#1"),
        AnswerText("#1", "#1", "The "),
        Audio("#1", b"\1\0", 24000),
        AudioEnd("#1"),
        AnswerText("#1", "#1", "Rhine."),
        AnswerDone("#1", "completed"),
    ]


def test_content_and_the_end_of_the_turn_may_share_a_frame() -> None:
    frame = content(modelTurn={"parts": [{"text": "The Rhine."}]}, turnComplete=True)
    assert read(ready(), frame) == [
        AnswerStarted("#1"),
        AnswerText("#1", "#1", "The Rhine."),
        AnswerDone("#1", "completed"),
    ]


def test_thoughts_are_not_said() -> None:
    frame = parts(
        {"text": "Rivers, rivers.", "thought": True}, {"text": "The Rhine."}, {"executableCode": {}}
    )
    assert read(ready(), frame)[1:] == [AnswerText("#1", "#1", "The Rhine.")]


def test_each_turn_has_an_answer_of_its_own() -> None:
    events = read(ready(), audio(b"\1\0"), GENERATED, DONE, audio(b"\2\0"), GENERATED, DONE)
    assert [event.utterance for event in events if isinstance(event, Audio)] == ["#1", "#2"]
    assert ended(events) == ["completed", "completed"]


def test_names_differ_between_sessions() -> None:
    [one], [other] = ready().receive(voice("START"), 0.0)[1:], ready().receive(voice("START"), 0.0)[1:]
    assert isinstance(one, TurnAdded) and isinstance(other, TurnAdded)
    assert one.item != other.item


def test_turn_that_brings_nothing_is_over_too() -> None:
    assert read(ready(), DONE) == [AnswerStarted("#1"), AnswerDone("#1", "completed")]
    assert read(ready(), GENERATED) == []


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("NEED_MORE_INPUT", "completed"),
        ("TURN_COMPLETE_REASON_UNSPECIFIED", "completed"),
        ("RESPONSE_REJECTED", "failed"),
        ("MALFORMED_FUNCTION_CALL", "failed"),
    ],
)
def test_turn_says_why_it_is_over(reason: str, status: str) -> None:
    frame = content(turnComplete=True, turnCompleteReason=reason)
    assert read(ready(), frame)[1:] == [AnswerDone("#1", status, reason)]


def test_usage_may_come_alone_and_without_details() -> None:
    usage = (
        '{"usageMetadata": {"promptTokenCount": 310, "responseTokenCount": 41, "toolUsePromptTokenCount": 5}}'
    )
    assert read(ready(), usage) == []
    assert read(ready(), audio(b"\1\0"), usage, DONE)[-1] == AnswerDone(
        "#1", "completed", "", Usage(input_text=315, output_text=41)
    )


def test_second_turn_by_voice_is_another() -> None:
    events = read(ready(), heard("One."), audio(b"\1\0"), DONE, heard("Two."), audio(b"\1\0"), DONE)
    assert [event for event in events if isinstance(event, UserText)] == [
        UserText("#1", "One.", final=False),
        UserText("#1", "One.", final=True),
        UserText("#3", "Two.", final=False),
        UserText("#3", "Two.", final=True),
    ]


# Interruption


def test_user_interrupts() -> None:
    events = read(
        ready(),
        *(voice("START", "0.5s"), heard("Tell a story."), audio(b"\1\0"), said("Once ")),
        *(voice("START", "4s"), heard("Stop"), INTERRUPTED, said("upon a time"), heard(" it."), DONE),
        *(audio(b"\2\0"), GENERATED, DONE),
    )
    assert events == [
        SpeechStarted(0.5),
        TurnAdded("#1", "user"),
        UserText("#1", "Tell a story.", final=False),
        AnswerStarted("#2"),
        Audio("#2", b"\1\0", 24000),
        AnswerText("#2", "#2", "Once "),
        SpeechStarted(4.0),
        TurnAdded("#3", "user"),
        UserText("#3", "Stop", final=False),
        Interrupted(),
        UserText("#1", "Tell a story.", final=True),
        UserText("#3", " it.", final=False),
        AudioEnd("#2"),
        AnswerDone("#2", "cancelled"),
        AnswerStarted("#4"),
        Audio("#4", b"\2\0", 24000),
        AudioEnd("#4"),
        UserText("#3", "Stop it.", final=True),
        AnswerDone("#4", "completed"),
    ]


def test_words_after_an_interruption_are_of_the_next_turn() -> None:
    events = read(ready(), heard("Go on."), audio(b"\1\0"), INTERRUPTED, heard("Stop."), DONE)
    assert UserText("#1", "Go on.", final=True) in events
    assert UserText("#3", "Stop.", final=False) in events
    assert UserText("#3", "Stop.", final=True) not in events


def test_next_answer_ends_one_that_was_interrupted_without_more_ado() -> None:
    events = read(ready(), audio(b"\1\0"), INTERRUPTED, audio(b"\2\0"))
    assert events[2:] == [
        Interrupted(),
        AudioEnd("#1"),
        AnswerDone("#1", "cancelled"),
        AnswerStarted("#2"),
        Audio("#2", b"\2\0", 24000),
    ]


def test_interruption_may_end_the_turn_in_the_same_frame() -> None:
    frame = content(interrupted=True, turnComplete=True, modelTurn={"parts": [{"text": "too late"}]})
    assert read(ready(), said("Once"), frame)[2:] == [Interrupted(), AnswerDone("#1", "cancelled")]
    assert read(ready(), INTERRUPTED) == [Interrupted()]


def test_rest_of_a_cancelled_answer_is_dropped() -> None:
    codec = answering()
    assert sent(codec, CancelAnswer()) == []
    events = read(codec, audio(b"\2\0"), said("too late"), parts({"text": "too late"}), GENERATED, DONE)
    assert events == [AudioEnd("#1"), AnswerDone("#1", "cancelled")]
    assert ended(read(codec, audio(b"\1\0"), DONE)) == ["completed"]


def test_without_an_answer_there_is_nothing_to_cancel() -> None:
    codec = ready()
    assert sent(codec, CancelAnswer()) == []
    assert ended(read(codec, audio(b"\1\0"), DONE)) == ["completed"]


def test_next_question_cancels_the_answer() -> None:
    codec = answering()
    codec.send(SendText("t2", "And a lake?"), 0.0)
    assert read(codec, audio(b"\2\0"), INTERRUPTED, DONE, said("Lake ")) == [
        Interrupted(),
        AudioEnd("#1"),
        AnswerDone("#1", "cancelled"),
        AnswerStarted("#2"),
        AnswerText("#2", "#2", "Lake "),
    ]


def test_question_after_the_whole_answer_has_come_cancels_nothing() -> None:
    codec = answering()
    read(codec, GENERATED)
    codec.send(SendText("t2", "And a lake?"), 0.0)
    assert ended(read(codec, audio(b"\2\0"), GENERATED, DONE)) == ["completed", "completed"]


# Audio


def test_base64_comes_in_both_alphabets() -> None:
    pcm = b"\xff\xef\xfb\xff"
    for data in ("/+/7/w==", "_-_7_w=="):
        frame = parts({"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": data}})
        assert read(ready(), frame)[1:] == [Audio("#1", pcm, 24000)]


@pytest.mark.parametrize(
    ("mime_type", "rate"),
    [
        ("audio/pcm;rate=16000", 16000),
        ("audio/pcm; rate=48000; channels=1", 48000),
        ("audio/pcm", 24000),
        ("audio/pcm;rate=0", 24000),
        ("", 24000),
        (None, 24000),
    ],
)
def test_rate_is_that_of_the_type(mime_type: str | None, rate: int) -> None:
    assert read(ready(), parts(blob(b"\1\0", mime_type)))[1:] == [Audio("#1", b"\1\0", rate)]


def test_samples_split_over_frames_are_put_together() -> None:
    events = read(ready(), *[audio(bytes([number])) for number in range(4)])
    assert events[1:] == [Audio("#1", b"\0\1", 24000), Audio("#1", b"\2\3", 24000)]


def test_content_of_another_type_is_shown() -> None:
    [event] = read(ready(), parts(blob(b"abc", "image/png")))
    assert isinstance(event, Malformed) and "image/png" in event.why


# Frames


def test_frames_are_binary_text_and_pretty_printed() -> None:
    pretty = json.dumps(json.loads(said("Hi.")), indent=2)
    for frame in (said("Hi."), said("Hi.").encode(), pretty, pretty.encode()):
        assert read(ready(), frame)[1:] == [AnswerText("#1", "#1", "Hi.")]


@pytest.mark.parametrize(
    "frame",
    [
        "{}",
        b"{}\n",
        '{"serverContent": {}}',
        '{"serverContent": {"groundingMetadata": {}, "waitingForInput": true}}',
        '{"serverContent": {"interimInputTranscription": {"text": "Na"}}}',
        '{"voiceActivityDetectionSignal": {"vadSignalType": "VAD_SIGNAL_TYPE_SOS"}}',
    ],
)
def test_message_that_says_nothing_is_no_event(frame: str | bytes) -> None:
    assert read(ready(), frame) == []


def test_message_of_an_unknown_kind_survives_whole() -> None:
    for frame in ('{"moodUpdate": {"mood": "good"}}', b'{"moodUpdate": {"mood": "\xff"}}'):
        [event] = read(ready(), frame)
        assert isinstance(event, Raw)
        assert event.kind == "moodUpdate" and "mood" in event.content


def test_unknown_field_beside_a_known_one_is_skipped() -> None:
    assert read(ready(), '{"goAway": {"timeLeft": "10s", "why": 1}, "moodUpdate": {}}') == [GoingAway(10.0)]


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "null",
        "[]",
        "{",
        b"\xff",
        '{"setupComplete": 3}',
        parts({"inlineData": {"data": "AAA"}}),
        parts({"inlineData": {"data": 7}}),
        parts({"inlineData": {"data": "A*==", "mimeType": "audio/pcm"}}),
        parts({"inlineData": {"data": "caf\u00e9"}}),
    ],
)
def test_unreadable_message_is_malformed(frame: str | bytes) -> None:
    [event] = read(ready(), frame)
    assert isinstance(event, Malformed) and event.size == len(frame)


# Tools


def test_tool_call_is_answered_by_id_and_name() -> None:
    codec = ready()
    assert read(codec, called()) == [ToolCall("call_1", "weather", '{"city": "Lyon"}')]
    assert sent(codec, AnswerToolCall("call_1", "14 degrees")) == [
        {
            "toolResponse": {
                "functionResponses": [
                    {"id": "call_1", "name": "weather", "response": {"output": "14 degrees"}}
                ]
            }
        }
    ]
    with pytest.raises(ImpossibleCommand, match="no tool call"):
        codec.send(AnswerToolCall("call_1", "14 degrees"), 0.0)


def test_failed_tool_says_so() -> None:
    codec = ready()
    read(codec, called())
    [message] = sent(codec, AnswerToolCall("call_1", "no such city", failed=True))
    [response] = message["toolResponse"]["functionResponses"]
    assert response["response"] == {"error": "no such city"}


def test_call_without_arguments() -> None:
    frame = '{"toolCall": {"functionCalls": [{"id": "call_1", "name": "now"}]}}'
    assert read(ready(), frame) == [ToolCall("call_1", "now", "{}")]


def test_cancelled_calls_want_no_answer() -> None:
    codec = ready()
    read(codec, called("call_1"), called("call_2"))
    assert read(codec, '{"toolCallCancellation": {"ids": ["call_1", "other"]}}') == [
        ToolCallsCancelled(("call_1", "other"))
    ]
    with pytest.raises(ImpossibleCommand, match="no tool call"):
        codec.send(AnswerToolCall("call_1", "14"), 0.0)
    assert sent(codec, AnswerToolCall("call_2", "14"))


# The connection


@pytest.mark.parametrize(
    ("left", "seconds"),
    [('"10s"', 10.0), ('"58.4s"', 58.4), ('"0.500s"', 0.5), ('""', None), ('"soon"', None), ('"1e3s"', None)],
)
def test_end_is_announced(left: str, seconds: float | None) -> None:
    assert read(ready(), f'{{"goAway": {{"timeLeft": {left}}}}}') == [GoingAway(seconds)]
    assert read(ready(), '{"goAway": {}}') == [GoingAway(None)]


def test_handle_is_told_only_while_the_session_can_be_resumed() -> None:
    def update(**fields: Any) -> str:
        return json.dumps({"sessionResumptionUpdate": fields})

    assert read(ready(), update(newHandle="h-1", resumable=True)) == [Resumable("h-1")]
    assert read(ready(), update(newHandle="h-1", resumable=False), update(newHandle="h-1"), update()) == []
    assert read(ready(), update(resumable=True)) == []


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (
            '{"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT"}}',
            Problem("INVALID_ARGUMENT", "No."),
        ),
        ('{"error": {"code": 400, "message": "No."}}', Problem("400", "No.")),
        ('{"error": "No."}', Problem("error", "No.")),
        ('{"code": 1011, "message": "No."}', Problem("1011", "No.")),
        ('{"code": 7, "status": "PERMISSION_DENIED"}', Problem("PERMISSION_DENIED", "")),
    ],
)
def test_error_in_a_frame_is_a_problem(frame: str, problem: Problem) -> None:
    assert read(ready(), frame) == [problem]


@pytest.mark.parametrize(
    ("code", "reason", "advice"),
    [
        (1007, "API key not valid. Please pass a valid API key.", "GOOGLE_API_KEY"),
        (1008, "API key not valid. Please pass a valid API key.", "GOOGLE_API_KEY"),
        (
            1008,
            "Method doesn't allow unregistered callers (callers without established identity).",
            "GOOGLE_API_KEY",
        ),
        (
            1008,
            "models/gemini-2.0-flash-exp is not found for API version v1beta, or is not suppor",
            "--model",
        ),
        (1008, "models/gemini-2.5-flash is not supported for bidiGenerateContent", "--model"),
        (1008, "Your project has been denied access. Please contact support.", "billing"),
        (1008, "Operation is not implemented, or supported, or enabled.", "settings"),
        (1008, "Requested entity was not found.", "reconnect"),
        (1007, "Request contains an invalid argument.", "settings"),
        (1007, "setup must be the first message and only the first", "setup once"),
        (1007, "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.", "audio"),
        (1007, "Cannot extract voices from a non-audio request.", "speaks only"),
        (1007, "Precondition check failed.", "settings"),
        (
            1007,
            "Invalid JSON payload received. Unknown name \"foo\" at 'setup': Cannot find field.",
            "settings",
        ),
        (1007, "Invalid session resumption handle", "a new one"),
        (1011, "Internal error encountered.", "fault"),
        (1011, "Deadline expired before operation could complete.", "time limit"),
        (
            1011,
            "You exceeded your current quota, please check your plan and billing details. For mor",
            "quota",
        ),
        (1011, "RESOURCE_EXHAUSTED", "quota"),
        (1011, "Your prepayment credits are depleted.", "credits"),
        (1011, "", ""),
        (1000, "bye", ""),
    ],
)
def test_close_reason_is_explained(code: int, reason: str, advice: str) -> None:
    meaning = ready().explain_close(code, reason)
    assert advice in meaning and bool(advice) == bool(meaning)


# Whatever comes, in whatever order

STEPS = st.sampled_from(
    [
        *(audio(b"\1\0"), said("a"), heard("b"), parts({"text": "c"}), "{}"),
        *(GENERATED, INTERRUPTED, DONE, voice("START"), voice("END"), called()),
        *(content(interrupted=True, turnComplete=True), content(generationComplete=True, turnComplete=True)),
        *(SendText("t1", "Why?"), CancelAnswer()),
    ]
)


@given(steps=st.lists(STEPS, max_size=40))
def test_what_belongs_to_an_answer_comes_between_its_start_and_its_end(
    steps: list[str | SendText | CancelAnswer],
) -> None:
    codec = ready()
    running = ""
    settled = set()
    for step in steps:
        for event in read(codec, step) if isinstance(step, str) else []:
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
            codec.send(step, 0.0)
