"""Gemini Live (BidiGenerateContent): a conversation by voice, with transcripts of both sides.

Source: Google's Live API reference, google-genai 3.4 and recorded sessions of gemini-3.8-live. All current
Live models answer by speech only. Names of answers and turns are the codec's own: the wire has none.
"""

import re
import uuid
from binascii import b2a_base64
from functools import lru_cache
from typing import Any

import msgspec

from sessions.commands import (
    AddContext,
    AnswerToolCall,
    CancelAnswer,
    Command,
    Finalize,
    Forget,
    ImpossibleCommand,
    SendAudio,
    SendText,
    SetInstructions,
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
from sessions.providers import gemini_messages as wire
from sessions.providers.codec import Codec, Frame
from sessions.providers.gemini_faults import explain_close
from sessions.providers.wire import sendable

INPUT_RATE = 16000
OUTPUT_RATE = 24000
"""Of audio whose type names no rate."""

_AUDIO = '{"realtimeInput":{"audio":{"mimeType":"audio/pcm;rate=16000","data":"'
_STREAM_END = '{"realtimeInput":{"audioStreamEnd":true}}'

_RATE = re.compile(r"\brate=([1-9]\d{3,5})\b")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_NO_FAULT = frozenset({"", "TURN_COMPLETE_REASON_UNSPECIFIED", "NEED_MORE_INPUT"})
"""Reasons for the end of a turn that was not cut short."""


class _Answer(msgspec.Struct):
    name: str
    status: str = "completed"
    open: bool = True
    """False when all of it was generated, or it was interrupted: more speech is of the next one."""
    wanted: bool = True
    speaks: bool = False
    odd: bytes = b""


class _Turn(msgspec.Struct):
    """What the user says."""

    item: str
    text: str = ""


class GeminiLiveCodec(Codec):
    """One conversation. `tools` are function definitions in OpenAI's form; `silence`, in milliseconds, ends a
    turn, and with an `eagerness` of `low` rather late; `handle` resumes a session.

    An answer cannot be cancelled or truncated on this wire: what still comes of one that is not wanted is
    dropped here, and `Truncate` is impossible. A turn by text interrupts by itself.
    """

    kind = "converse"
    ready_on_open = False
    finishes = False
    input_rate = INPUT_RATE

    def __init__(
        self,
        model: str,
        *,
        voice: str = "",
        instructions: str = "",
        tools: tuple[dict[str, Any], ...] = (),
        language: str = "",
        silence: int | None = None,
        eagerness: str = "",
        handle: str = "",
    ) -> None:
        self._setup = wire.setup(
            model,
            voice=voice,
            instructions=instructions,
            tools=tools,
            language=language,
            silence=silence,
            eagerness=eagerness,
            handle=handle,
        )
        self._set_up = self._ready = False
        self._session = uuid.uuid4().hex[:8]
        self._count = 0
        self._answer: _Answer | None = None
        self._turn: _Turn | None = None
        """The turn by voice that is being heard."""
        self._question: _Turn | None = None
        """The one that the running answer is to."""
        self._usage: Usage | None = None
        self._calls: dict[str, str] = {}
        """Names of the functions whose calls wait for an answer."""

    def receive(self, frame: Frame, now: float) -> list[Event]:
        message = wire.decode(frame)
        if isinstance(message, Event):
            return [message]
        events: list[Event] = []
        if message.setup_complete:
            self._ready = True
            events.append(Ready(message.setup_complete.session_id))
        if message.voice_activity:
            events += self._voice(message.voice_activity)
        if message.usage_metadata:
            self._usage = _usage(message.usage_metadata)
        if message.server_content:
            events += self._content(message.server_content)
        if message.tool_call:
            events += self._call(message.tool_call)
        if message.tool_call_cancellation:
            for call in message.tool_call_cancellation.ids:
                self._calls.pop(call, None)
            events.append(ToolCallsCancelled(message.tool_call_cancellation.ids))
        return events + _news(message)

    def send(self, command: Command, now: float) -> list[Frame]:  # noqa: C901 - one row a command
        if not self._ready:
            raise ImpossibleCommand("the session is not ready yet")
        match command:
            case SendAudio(pcm=pcm):
                if not pcm:
                    raise ImpossibleCommand("audio must not be empty")
                return [_AUDIO + b2a_base64(pcm, newline=False).decode("ascii") + '"}}}']
            case Finalize():
                return [_STREAM_END]
            case SendText(text=text):
                if not text.strip():
                    raise ImpossibleCommand("there is no text to send")
                self._drop_answer()
                turn = {"role": "user", "parts": [{"text": sendable(text)}]}
                return [_encode({"clientContent": {"turns": [turn], "turnComplete": True}})]
            case CancelAnswer():
                self._drop_answer()
                return []
            case AnswerToolCall(call=call, output=output, failed=failed):
                if call not in self._calls:
                    raise ImpossibleCommand("no tool call of this name waits for an answer")
                response = {
                    "id": call,
                    "name": self._calls.pop(call),
                    "response": {"error" if failed else "output": sendable(output)},
                }
                return [_encode({"toolResponse": {"functionResponses": [response]}})]
            case AddContext():
                raise ImpossibleCommand("Gemini Live takes nothing in the background")
            case Forget():
                raise ImpossibleCommand("Gemini Live cannot take turns back")
            case SetInstructions():
                raise ImpossibleCommand("Gemini Live takes instructions at the start of a session only")
            case _:
                raise ImpossibleCommand(f"Gemini Live does not know {type(command).__name__}")

    def poll(self, now: float) -> list[Frame]:
        if self._set_up:
            return []
        self._set_up = True
        return [_encode({"setup": self._setup})]

    def explain_close(self, code: int, reason: str) -> str:
        return explain_close(reason)

    def _name(self) -> str:
        self._count += 1
        return f"gemini-{self._session}-{self._count}"

    def _voice(self, activity: wire.VoiceActivity) -> list[Event]:
        at = _seconds(activity.audio_offset) or 0.0
        if activity.type == "ACTIVITY_END":
            return [SpeechStopped(at)]
        # While an answer runs, this is not the question to it any more.
        added = self._add_turn() if self._turn is None or self._turn is self._question else []
        return [SpeechStarted(at), *added]

    def _add_turn(self) -> list[Event]:
        self._turn = _Turn(self._name())
        return [TurnAdded(self._turn.item, "user")]

    def _content(self, content: wire.ServerContent) -> list[Event]:
        events: list[Event] = []
        if text := content.input_transcription.text:
            events += self._add_turn() if self._turn is None else []
            assert self._turn is not None
            self._turn.text += text
            events.append(UserText(self._turn.item, text, final=False))
        if content.interrupted:
            return events + self._interrupted(content)
        for part in content.model_turn.parts:
            if part.inline_data:
                events += self._audio(part.inline_data)
            elif part.text and not part.thought:
                events += self._begin()
                events += self._text(part.text)
        if text := content.output_transcription.text:
            # It may lag behind the speech, even past the end of its generation.
            events += self._begin() if self._answer is None else []
            events += self._text(text)
        if content.generation_complete and self._answer:
            self._answer.open = False
            events += self._end_audio(self._answer)
        if content.turn_complete:
            events += self._begin() if self._answer is None else []
            events += self._end(content.turn_complete_reason)
        return events

    def _begin(self) -> list[Event]:
        """Make sure that there is an answer which takes more content."""
        if self._answer and self._answer.open:
            return []
        ended = self._end() if self._answer else []
        self._answer = _Answer(self._name())
        self._question = self._turn
        return [*ended, AnswerStarted(self._answer.name)]

    def _text(self, text: str) -> list[Event]:
        answer = self._answer
        return [AnswerText(answer.name, answer.name, text)] if answer and answer.wanted else []

    def _audio(self, blob: wire.Blob) -> list[Event]:
        if blob.mime_type and not blob.mime_type.startswith("audio/pcm"):
            return [Malformed(f"content of the unknown type {blob.mime_type}", len(blob.data))]
        events = self._begin()
        answer = self._answer
        assert answer is not None
        data = answer.odd + blob.data
        whole = len(data) // 2 * 2
        answer.odd = data[whole:]
        if whole and answer.wanted:
            answer.speaks = True
            events.append(Audio(answer.name, data[:whole], _rate(blob.mime_type)))
        return events

    def _interrupted(self, content: wire.ServerContent) -> list[Event]:
        events: list[Event] = [Interrupted()]
        if self._answer:
            self._answer.open = self._answer.wanted = False
            self._answer.status = "cancelled"
            events += self._settle_question()
            events += self._end() if content.turn_complete else []
        return events

    def _end(self, reason: str = "") -> list[Event]:
        answer, self._answer = self._answer, None
        assert answer is not None
        events = [*self._settle_question(), *self._end_audio(answer)]
        status = "failed" if reason not in _NO_FAULT and answer.wanted else answer.status
        usage, self._usage = self._usage, None
        return [*events, AnswerDone(answer.name, status, reason, usage)]

    def _end_audio(self, answer: _Answer) -> list[Event]:
        spoke, answer.speaks = answer.speaks, False
        return [AudioEnd(answer.name)] if spoke else []

    def _settle_question(self) -> list[Event]:
        """The turn that was answered is over: its transcript is as good as it gets."""
        turn, self._question = self._question, None
        if turn is None:
            return []
        if turn is self._turn:
            self._turn = None
        return [UserText(turn.item, turn.text.strip(), final=True)]

    def _drop_answer(self) -> None:
        """What is still to come of the running answer is not wanted."""
        if self._answer and self._answer.open:
            self._answer.wanted, self._answer.status = False, "cancelled"

    def _call(self, message: wire.ToolCall) -> list[Event]:
        events: list[Event] = []
        for call in message.function_calls:
            self._calls[call.id] = call.name
            events.append(ToolCall(call.id, call.name, bytes(call.args).decode(errors="replace")))
        return events


def _encode(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()


def _news(message: wire.ServerMessage) -> list[Event]:
    """What concerns the connection, not the conversation."""
    events: list[Event] = []
    if message.go_away:
        events.append(GoingAway(_seconds(message.go_away.time_left)))
    update = message.session_resumption_update
    if update and update.resumable and update.new_handle:
        events.append(Resumable(update.new_handle))
    error = message.error
    if isinstance(error, str):
        error = wire.Status(message=error)
    elif error is None and message.code is not None:
        error = wire.Status(message.code, message.message, message.status)
    if error:
        events.append(Problem(error.status or str(error.code or "error"), error.message))
    return events


def _seconds(duration: str) -> float | None:
    found = _DURATION.fullmatch(duration)
    return float(found[1]) if found else None


def _usage(usage: wire.UsageMetadata) -> Usage:
    heard = _tokens(usage.prompt_tokens_details, "AUDIO")
    spoken = _tokens(usage.response_tokens_details, "AUDIO")
    return Usage(
        input_text=max(0, usage.prompt_token_count - heard) + usage.tool_use_prompt_token_count,
        input_audio=heard,
        cached=usage.cached_content_token_count,
        output_text=max(0, usage.response_token_count - spoken) + usage.thoughts_token_count,
        output_audio=spoken,
    )


def _tokens(details: tuple[wire.ModalityCount, ...], modality: str) -> int:
    return sum(each.token_count for each in details if each.modality == modality)


@lru_cache(maxsize=8)
def _rate(mime_type: str) -> int:
    found = _RATE.search(mime_type)
    return int(found[1]) if found else OUTPUT_RATE
