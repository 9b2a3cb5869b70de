"""What holds for every codec, whatever comes in and whatever is asked of it."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.commands import (
    AddContext,
    AnswerToolCall,
    CancelAnswer,
    Clear,
    Command,
    Finalize,
    Finish,
    Forget,
    ImpossibleCommand,
    MakeImage,
    SendAudio,
    SendText,
    SetInstructions,
    Speak,
    Truncate,
)
from sessions.events import Event, Malformed, Raw
from sessions.providers.cartesia import CartesiaCodec
from sessions.providers.codec import Codec, Frame
from sessions.providers.deepgram_flux import FluxCodec
from sessions.providers.deepgram_listen import ListenCodec
from sessions.providers.deepgram_speak import SpeakCodec
from sessions.providers.elevenlabs_agent import ElevenLabsAgentCodec
from sessions.providers.elevenlabs_speak import ElevenLabsSpeakCodec
from sessions.providers.fal_http import FalHttpCodec
from sessions.providers.fal_realtime import FalRealtimeCodec
from sessions.providers.gemini_live import GeminiLiveCodec
from sessions.providers.openai_realtime import RealtimeCodec
from sessions.providers.openai_transcription import TranscriptionCodec


@dataclass(frozen=True)
class Peer:
    """A codec, and valid messages of the service that it is for."""

    codec: Callable[[], Codec]
    messages: tuple[str, ...] = field(repr=False)

    @property
    def kinds(self) -> set[str]:
        return {json.loads(message).get("type", "") for message in self.messages}


LISTEN = Peer(
    ListenCodec,
    (
        '{"type":"Results","channel_index":[0,1],"start":0.0,"duration":1.2,"is_final":true,'
        '"speech_final":true,"from_finalize":false,"channel":{"alternatives":[{"transcript":"turn it off",'
        '"confidence":0.98,"words":[{"word":"turn","punctuated_word":"Turn","start":0.1,"end":0.3,'
        '"confidence":0.99,"speaker":0}]}]},"metadata":{"request_id":"7d0e"}}',
        '{"type":"Results","channel_index":[0,1],"start":1.2,"duration":0.4,'
        '"channel":{"alternatives":[{"transcript":"the"}]}}',
        '{"type":"SpeechStarted","channel":[0,1],"timestamp":2.48}',
        '{"type":"UtteranceEnd","channel":[0,1],"last_word_end":3.9}',
        '{"type":"Metadata","request_id":"9f2c","duration":6.2,"channels":1}',
        '{"type":"Error","variant":"SchemaError","description":"no","message":"{","code":{"a":[1]}}',
        '{"type":"Warning","code":"SLOW","description":"hurry"}',
    ),
)
SPEAK = Peer(
    SpeakCodec,
    (
        '{"type":"Metadata","request_id":"77aa","model_name":"aura-2-luna-en","additional_model_uuids":[]}',
        '{"type":"Flushed","sequence_id":0}',
        '{"type":"Cleared","sequence_id":1}',
        '{"type":"Warning","code":"TOO_MANY_FLUSHES","description":"flush limit reached"}',
        '{"type":"Error","description":"no","message":"no","variant":"Bad","code":3}',
    ),
)
CONVERSE = Peer(
    RealtimeCodec,
    (
        '{"type":"session.created","session":{"id":"sess_1","expires_at":1795000000}}',
        '{"type":"session.updated","session":{"id":"sess_1"}}',
        '{"type":"conversation.item.added","item":{"id":"i1","type":"message","role":"user","content":[]}}',
        '{"type":"conversation.item.truncated","item_id":"i1","content_index":0,"audio_end_ms":10}',
        '{"type":"input_audio_buffer.speech_started","audio_start_ms":5,"item_id":"i1"}',
        '{"type":"input_audio_buffer.speech_stopped","audio_end_ms":9,"item_id":"i1"}',
        '{"type":"conversation.item.input_audio_transcription.delta","item_id":"i1","delta":"Na"}',
        '{"type":"conversation.item.input_audio_transcription.completed","item_id":"i1","transcript":"Name"}',
        '{"type":"conversation.item.input_audio_transcription.failed","item_id":"i1","error":{"code":"x"}}',
        '{"type":"response.created","response":{"id":"r1","status":"in_progress"}}',
        '{"type":"response.output_text.delta","response_id":"r1","item_id":"i2","delta":"The"}',
        '{"type":"response.output_audio_transcript.delta","response_id":"r1","item_id":"i2","delta":"The"}',
        '{"type":"response.output_audio.delta","response_id":"r1","item_id":"i2","delta":"AQIDBAU="}',
        '{"type":"response.output_audio.done","response_id":"r1","item_id":"i2"}',
        '{"type":"response.done","response":{"id":"r1","status":"failed","status_details":{"reason":"x",'
        '"error":{"code":"y","message":"z"}},"usage":{"input_token_details":{"text_tokens":1},'
        '"output_token_details":{"audio_tokens":2}}}}',
        '{"type":"rate_limits.updated","rate_limits":[{"name":"tokens","limit":1}]}',
        '{"type":"input_audio_buffer.committed","item_id":"i1","previous_item_id":null}',
        '{"type":"response.output_item.done","response_id":"r1","item":{"id":"i3","type":"function_call",'
        '"call_id":"a","name":"f","arguments":"{}"}}',
        '{"type":"response.function_call_arguments.done","response_id":"r1","call_id":"b","name":"f",'
        '"arguments":"{}"}',
        '{"type":"response.text.delta","response_id":"r1","item_id":"i2","delta":"The"}',
        '{"type":"error","error":{"code":"input_audio_buffer_commit_empty"}}',
        '{"type":"error","error":{"type":"t","code":"conversation_already_has_active_response"}}',
        '{"type":"error","error":{"type":"t","code":"c","message":"m","param":"p","event_id":null}}',
    ),
)
TRANSCRIPTION = Peer(lambda: TranscriptionCodec("gpt-realtime-whisper"), CONVERSE.messages)
GEMINI = Peer(
    lambda: GeminiLiveCodec("gemini-3.8-live"),
    (
        '{"setupComplete":{}}',
        "{}",
        '{"serverContent":{"modelTurn":{"role":"model","parts":[{"inlineData":{"mimeType":'
        '"audio/pcm;rate=24000","data":"AQIDBAU="}},{"text":"hm","thought":true}]},'
        '"outputTranscription":{"text":"Sure, "}}}',
        '{"serverContent":{"inputTranscription":{"text":"Name a"}}}',
        '{"serverContent":{"interrupted":true}}',
        '{"serverContent":{"generationComplete":true}}',
        '{"serverContent":{"turnComplete":true,"turnCompleteReason":"NEED_MORE_INPUT"},"usageMetadata":'
        '{"promptTokenCount":310,"responseTokensDetails":[{"modality":"AUDIO","tokenCount":41}]}}',
        '{"toolCall":{"functionCalls":[{"id":"a","name":"f","args":{"b":1}}]}}',
        '{"toolCallCancellation":{"ids":["a"]}}',
        '{"goAway":{"timeLeft":"58.4s"}}',
        '{"sessionResumptionUpdate":{"newHandle":"h","resumable":true}}',
        '{"voiceActivity":{"type":"ACTIVITY_START","audioOffset":"1.880s"}}',
        '{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}',
        '{"code":7,"message":"no"}',
    ),
)
AGENT = Peer(
    ElevenLabsAgentCodec,
    (
        '{"type":"conversation_initiation_metadata","conversation_initiation_metadata_event":{"conversation_id'
        '":"c1","agent_output_audio_format":"ulaw_8000","user_input_audio_format":"ulaw_8000"}}',
        '{"type":"audio","audio_event":{"audio_base_64":"AQIDBAU=","event_id":1,"is_final":false}}',
        '{"type":"user_transcript","user_transcription_event":{"user_transcript":"Hi.","event_id":1}}',
        '{"type":"tentative_user_transcript","tentative_user_transcription_event":{"user_transcript":"H"}}',
        '{"type":"agent_response","agent_response_event":{"agent_response":"Hello.","event_id":1}}',
        '{"type":"agent_response_correction","agent_response_correction_event":{"corrected_agent_response":'
        '"He","event_id":1}}',
        '{"type":"agent_chat_response_part","text_response_part":{"type":"delta","text":"He","event_id":2}}',
        '{"type":"interruption","interruption_event":{"event_id":2}}',
        '{"type":"ping","ping_event":{"event_id":2,"ping_ms":null}}',
        '{"type":"client_tool_call","client_tool_call":{"tool_name":"f","tool_call_id":"a","parameters":{}}}',
        '{"type":"vad_score","vad_score_event":{"vad_score":0.4}}',
        '{"type":"error","error_event":{"code":1008,"error_type":"override_error","details":{}}}',
    ),
)
FLUX = Peer(
    FluxCodec,
    (
        '{"type":"TurnInfo","request_id":"4c1e","sequence_id":7,"event":"StartOfTurn","turn_index":2,'
        '"audio_window_start":8.0,"audio_window_end":8.4,"transcript":"","words":[]}',
        '{"type":"TurnInfo","request_id":"4c1e","sequence_id":8,"event":"EagerEndOfTurn","turn_index":2,'
        '"audio_window_start":8.0,"audio_window_end":10.4,"transcript":"Cancel my order.","words":[{"word":'
        '"Cancel","confidence":0.99,"start":8.2,"end":8.6}],"end_of_turn_confidence":0.52}',
        '{"type":"TurnInfo","event":"TurnResumed","turn_index":2,"transcript":"Cancel my order"}',
        '{"event":"Update","turn_index":2,"transcript":"Cancel my orders","words":[]}',
        '{"type":"TurnInfo","event":"EndOfTurn","turn_index":2,"transcript":"Cancel.","trigger":"model"}',
        '{"type":"Connected","request_id":"4c1e","sequence_id":0}',
        '{"type":"ConfigureSuccess","sequence_id":4,"thresholds":{"eot_threshold":0.8},"keyterms":[]}',
        '{"type":"ConfigureFailure","sequence_id":5,"code":{"a":1},"description":"no"}',
        '{"type":"Warning","sequence_id":6,"code":"NO_TURN","description":"none"}',
        '{"type":"Error","sequence_id":7,"code":"INTERNAL_SERVER_ERROR","error":[],"description":"no"}',
    ),
)
CARTESIA = Peer(
    lambda: CartesiaCodec("sonic-3.5", "6ccbfb76"),
    (
        '{"type":"chunk","context_id":"a","status_code":206,"done":false,"data":"AAABAP//","step_time":4.7}',
        '{"type":"timestamps","context_id":"b","status_code":206,"done":false,"word_timestamps":'
        '{"words":["One.","Two."],"start":[0.02,0.15],"end":[0.14,0.4]}}',
        '{"type":"flush_done","context_id":"a","done":false,"flush_id":1,"flush_done":true}',
        '{"type":"done","context_id":"b","status_code":206,"done":true}',
        '{"type":"error","done":true,"status_code":400,"error_code":"model_not_found","title":"Invalid",'
        '"message":"no","request_id":"r1","context_id":"a"}',
        '{"type":"error","done":true,"status_code":400,"error":"Invalid model"}',
    ),
)
ELEVENLABS_SPEAK = Peer(
    ElevenLabsSpeakCodec,
    (
        '{"audio":"AQIDBAU=","isFinal":false,"normalizedAlignment":null,"alignment":{"chars":["H","e","l",'
        '"lo"],"charStartTimesMs":[0,60,90,95],"charDurationsMs":[60,45,5,20]}}',
        '{"audio":"AQIDBAU=","normalizedAlignment":{"chars":["O","n","e"],"charStartTimesMs":[0,60,70],'
        '"charsDurationsMs":[60,10,9]}}',
        '{"audio":null,"isFinal":true}',
        '{"message":"no text","error":"input_timeout_exceeded","code":1008}',
    ),
)
FAL_HTTP = Peer(
    FalHttpCodec,
    (
        '{"type":"start","request_id":"c1d2","status":200,"headers":{"Content-Type":"application/json"}}',
        '{"type":"end","request_id":"c1d2","status":200,"time_to_first_byte_seconds":0.41}',
    ),
)
FAL_REALTIME = Peer(
    FalRealtimeCodec,
    (
        '{"type":"x-fal-message","action":"timings","timing":0.083}',
        '{"type":"x-fal-error","error":"TIMEOUT","reason":"idle"}',
        '{"type":"x-fal-error","error":"INTERNAL_ERROR","reason":null}',
        '{"status":"error","error":"Unauthorized"}',
        '{"images":[{"content":[255,216],"content_type":"image/jpeg","width":1,"height":1},{"url":'
        '"data:image/png;base64,AAAA"}],"request_id":"a","seed":7,"timings":{"inference":0.1}}',
    ),
)
PEERS = {
    "transcribe": LISTEN,
    "speak": SPEAK,
    "converse": CONVERSE,
    "transcription": TRANSCRIPTION,
    "gemini": GEMINI,
    "agent": AGENT,
    "flux": FLUX,
    "cartesia": CARTESIA,
    "elevenlabs-speak": ELEVENLABS_SPEAK,
    "fal-http": FAL_HTTP,
    "fal-realtime": FAL_REALTIME,
}
every_peer = pytest.mark.parametrize("peer", PEERS.values(), ids=PEERS)

TEXT = st.text(max_size=30)
SAID = st.sampled_from(["Hello.", "caf\udce9", "One. Two. " * 15]) | TEXT
"""The second as it comes from a command line that is not UTF-8."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc") | TEXT, inner),
    max_leaves=5,
)
COMMANDS = st.one_of(
    st.builds(SendAudio, st.binary(max_size=9)),
    st.builds(Speak, st.sampled_from("ab"), SAID),
    st.builds(SendText, st.sampled_from("ab"), SAID),
    st.builds(AnswerToolCall, st.sampled_from("ab"), SAID, st.booleans()),
    st.builds(AddContext, SAID),
    st.builds(SetInstructions, SAID),
    st.builds(Forget, st.sampled_from(["a", "i1", "i2"])),
    st.builds(MakeImage, st.sampled_from("ab"), SAID),
    st.builds(Truncate, st.sampled_from(["i1", "i2"]), st.floats()),
    st.sampled_from([Finalize(), Clear(), CancelAnswer(), Finish()]),
)


@st.composite
def mutations(draw: st.DrawFn, messages: tuple[str, ...]) -> Frame:
    """A valid message, or one that was damaged in one place."""
    message = draw(st.sampled_from(messages))
    at = draw(st.integers(0, len(message)))
    match draw(st.integers(0, 4)):
        case 0:
            return message
        case 1:
            return message[:at]
        case 2:
            return message[:at] + draw(TEXT) + message[at + 1 :]
        case 3:
            return message[:at].encode() + draw(st.binary(max_size=3)) + message[at:].encode()
        case _:
            return json.dumps(_with_another_value(draw, json.loads(message)))


def _with_another_value(draw: st.DrawFn, value: Any) -> Any:
    if not value or not isinstance(value, dict | list) or draw(st.integers(0, 4)) == 0:
        return draw(JSON)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    value[key] = _with_another_value(draw, value[key])
    return value


def read(codec: Codec, frame: Frame, now: float = 0.0) -> list[Event]:
    events = codec.receive(frame, now)
    assert all(isinstance(event, Event) for event in events)
    msgspec.json.encode(events)
    return events


def is_known(peer: Peer, frame: Frame) -> bool:
    """Whether the frame may be one of the messages that need not show up as an event."""
    text = frame if isinstance(frame, str) else frame.decode(errors="replace")
    try:
        read = json.loads(text, strict=False)
    except ValueError:
        return False
    return isinstance(read, dict) and str(read.get("type", "")) in peer.kinds


def shows_up(peer: Peer, frame: Frame, events: list[Event]) -> bool:
    if isinstance(frame, bytes) and peer is SPEAK:
        return True  # all of it is audio
    unread = [event for event in events if isinstance(event, Raw | Malformed)]
    return is_known(peer, frame) or (len(events) == 1 and events == unread)


@every_peer
@given(frames=st.lists(TEXT | st.binary(max_size=30) | st.builds(json.dumps, JSON), max_size=5))
def test_any_frame_is_read_and_shown(peer: Peer, frames: list[Frame]) -> None:
    codec = peer.codec()
    assert all(shows_up(peer, frame, read(codec, frame)) for frame in frames)


@every_peer
@given(data=st.data())
def test_damaged_messages_are_read_and_shown(peer: Peer, data: st.DataObject) -> None:
    codec = peer.codec()
    for frame in data.draw(st.lists(mutations(peer.messages), max_size=8)):
        assert shows_up(peer, frame, read(codec, frame))


@every_peer
@pytest.mark.parametrize("depth", [100, 10_000])
def test_deep_nesting_is_survived(peer: Peer, depth: int) -> None:
    for name in ("code", "other"):
        read(peer.codec(), f'{{"type":"Error","{name}":{"[" * depth}{"]" * depth}}}')
    read(peer.codec(), "[" * depth)


@every_peer
@given(data=st.data())
def test_only_impossible_commands_are_refused(peer: Peer, data: st.DataObject) -> None:
    codec = peer.codec()
    if data.draw(st.booleans()):
        read(codec, peer.messages[0])
    now = 0.0
    steps = st.sampled_from(peer.messages) | mutations(peer.messages) | st.binary(max_size=5) | COMMANDS
    for step in data.draw(st.lists(steps, min_size=5, max_size=30)):
        now += data.draw(st.sampled_from([0.0, 0.1, 5.0, 70.0]))
        sent: list[Frame] = []
        if isinstance(step, Command):
            with suppress(ImpossibleCommand):
                sent = codec.send(step, now)
        else:
            read(codec, step, now)
        for frame in [*sent, *codec.poll(now)]:
            assert frame if isinstance(frame, bytes) else json.loads(frame)
        msgspec.json.encode(codec.elapse(now))
    ended = codec.closed(clean=data.draw(st.booleans()))
    msgspec.json.encode(ended)
