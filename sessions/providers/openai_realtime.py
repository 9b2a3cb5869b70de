"""OpenAI Realtime over WebSocket, in the GA shape (the beta shape is refused since May 2026).

Source: the types of openai-python 3.54 and recorded sessions. `OpenAI-Beta` is never sent; messages under
their names of the beta are read.
"""

from binascii import b2a_base64
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
    Truncate,
)
from sessions.events import (
    AnswerDone,
    AnswerStarted,
    AnswerText,
    Audio,
    AudioEnd,
    Event,
    Malformed,
    Problem,
    Raw,
    Ready,
    SpeechStarted,
    SpeechStopped,
    ToolCall,
    Truncated,
    TurnAdded,
    Usage,
    UserText,
)
from sessions.providers import openai_messages as wire
from sessions.providers.codec import Codec, Frame
from sessions.providers.openai_items import Items
from sessions.providers.turn_detection import TurnDetection
from sessions.providers.wire import sendable

RATE = 24000
"""The only rate of audio/pcm; 16 kHz sent as it is would play 1.5 times too fast, without an error."""

_APPEND = '{"type":"input_audio_buffer.append","audio":"'
_CREATE = '{"type":"response.create"}'
_CANCEL = '{"type":"response.cancel"}'
_COMMIT = '{"type":"input_audio_buffer.commit"}'

_HARMLESS = frozenset({"response_cancel_not_active", "input_audio_buffer_commit_empty"})
"""Answers to a command that came too late to matter."""
_DELETION = "delete-"
"""Begins the ids of deletions: whether there still was anything to delete does not matter."""
_BUSY = "conversation_already_has_active_response"

_ADVICE = {
    "beta_api_shape_disabled": "the beta form of the protocol is gone; do not send OpenAI-Beta",
    "invalid_api_key": "the provider key is wrong: check OPENAI_API_KEY",
    "missing_model": "no model was named: give one with --model",
    "invalid_model": "there is no such model: check --model",
    "model_not_found": "there is no such model: check --model",
    "session_expired": "the session reached its time limit: reconnect",
    "insufficient_quota": "the account has no credit left",
}
"""By a part of the close reason, which reads `<error type>.<error code>` (recorded)."""


def encode(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()


def append(pcm: bytes) -> str:
    """Return the message that carries microphone audio. Raises ImpossibleCommand where there is none."""
    if not pcm:
        raise ImpossibleCommand("audio must not be empty")
    return _APPEND + b2a_base64(pcm, newline=False).decode("ascii") + '"}'


def explain_close(reason: str) -> str:
    """Return what a close reason of OpenAI's means, or nothing."""
    return next((advice for part, advice in _ADVICE.items() if part in reason), "")


class RealtimeCodec(Codec):
    """One conversation. `speech` asks for spoken answers (which bring their transcript), else for text.

    `tools` are function definitions in OpenAI's form (`type`, `name`, `description`, `parameters`). Where
    `turns` are not detected, `Finalize` ends the user's; `language` is that of the user.
    """

    kind = "converse"
    ready_on_open = False
    finishes = False
    input_rate = RATE

    def __init__(
        self,
        *,
        speech: bool = True,
        voice: str = "",
        instructions: str = "",
        tools: tuple[dict[str, Any], ...] = (),
        turns: TurnDetection | None = None,
        language: str = "",
    ) -> None:
        self._speech = speech
        self._turns = turns or TurnDetection()
        self._language = language
        self._voice = voice
        self._instructions = instructions
        self._tools = tools
        self._greeted = False
        self._configured = False
        self._active: str | None = None
        self._creating = False
        self._unwanted = False
        """The response that is being created was cancelled before it had a name."""
        self._create_due = False
        self._dropped: set[str] = set()
        self._items = Items()
        self._deletions: list[Frame] = []
        """Of items that came of an answer after it had been taken back."""
        self._content: dict[str, int] = {}
        self._received: dict[str, int] = {}
        self._odd: dict[str, bytes] = {}
        self._calls: set[str] = set()
        """All tool calls that were told of."""
        self._unanswered: set[str] = set()

    def receive(self, frame: Frame, now: float) -> list[Event]:  # noqa: C901 - one row a message
        match wire.decoder.decode(frame):
            case wire.AudioDelta() as audio:
                return self._audio(audio)
            case (
                wire.TextDelta(response_id=answer, item_id=item, delta=delta)
                | wire.TranscriptDelta(response_id=answer, item_id=item, delta=delta)
            ):
                return [] if answer in self._dropped else [AnswerText(answer, item, delta)]
            case wire.AudioDone(item_id=item):
                self._odd.pop(item, None)
                return [AudioEnd(item)]
            case wire.SessionCreated(session=session):
                self._greeted = True
                return [Ready(session.id, session.expires_at)]
            case wire.ItemAdded(item=item):
                self._items.add(item.id)
                return [TurnAdded(item.id, item.role or "")] if item.type == "message" else []
            case wire.OutputItemDone(response_id=answer, item=item) if item.type == "function_call":
                return self._call(answer, item.call_id, item.name, item.arguments)
            case wire.ArgumentsDone(response_id=answer, call_id=call, name=name, arguments=arguments):
                return self._call(answer, call, name, arguments)
            case wire.OutputItemDone() | wire.AudioCommitted() | wire.Ignored():
                return []
            case wire.SpeechStarted(audio_start_ms=ms):
                self._drop_active()
                return [SpeechStarted(ms / 1000)]
            case wire.SpeechStopped(audio_end_ms=ms):
                return [SpeechStopped(ms / 1000)]
            case wire.TranscriptionDelta(item_id=item, delta=delta):
                return [UserText(item, delta, final=False)]
            case wire.TranscriptionCompleted(item_id=item, transcript=text):
                return [UserText(item, text, final=True)]
            case wire.TranscriptionFailed(item_id=item, error=error):
                return [UserText(item, "", final=True), problem(error)]
            case wire.ItemTruncated(item_id=item, audio_end_ms=ms):
                return [Truncated(item, ms / 1000)]
            case wire.ResponseCreated(response=response):
                self._active = response.id
                if self._unwanted:
                    # Nothing of it was told, so nothing of it stays.
                    self._drop_active()
                    self._items.forget_response(response.id)
                self._creating = self._unwanted = False
                return [AnswerStarted(response.id)]
            case wire.ResponseDone(response=response):
                return self._done(response)
            case wire.Error(error=error):
                return self._error(error)
            case (Raw() | Malformed()) as unread:
                return [unread]
            case other:  # pragma: no cover - the decoder makes no other type
                raise AssertionError(other)

    def send(self, command: Command, now: float) -> list[Frame]:  # noqa: C901 - one row a command
        if not self._greeted:
            raise ImpossibleCommand("the session is not ready yet")
        match command:
            case SendAudio(pcm=pcm):
                return [append(pcm)]
            case Finalize() if self._turns.kind == "none":
                self._create_due = True
                return [_COMMIT, *self.poll(now)]
            case SendText(text=text) | AddContext(text=text) if not text.strip():
                raise ImpossibleCommand("there is no text to send")
            case SendText(item=item, text=text):
                cancel = self._cancel()
                self._create_due = True
                self._items.add(item)
                return [*cancel, _message("user", text, id=item), *self.poll(now)]
            case AddContext(text=text):
                return [_message("system", text)]
            case Forget(item=item):
                return self._forget(item)
            case SetInstructions(text=text):
                self._instructions = text
                settings = {"type": "realtime", "instructions": sendable(text)}
                update = encode({"type": "session.update", "session": settings})
                return [update] if self._configured else self.poll(now)
            case CancelAnswer():
                self._create_due = False
                if self._active is not None:
                    self._unanswered.clear()
                return self._cancel()
            case AnswerToolCall(call=call, output=output, failed=failed):
                return [self._answer_call(call, output, failed), *self.poll(now)]
            case Truncate(item=item, heard=heard):
                return self._truncate(item, heard)
            case _:
                raise ImpossibleCommand(f"a conversation does not know {type(command).__name__}")

    def poll(self, now: float) -> list[Frame]:
        frames: list[Frame] = []
        if self._greeted and not self._configured:
            self._configured = True
            frames.append(encode({"type": "session.update", "session": self._settings()}))
        deletions, self._deletions = self._deletions, []
        frames += deletions
        # A response.create while one runs is refused, so it waits for response.done.
        if self._create_due and self._active is None and not self._creating:
            self._create_due, self._creating = False, True
            frames.append(_CREATE)
        return frames

    def explain_close(self, code: int, reason: str) -> str:
        return explain_close(reason)

    def _settings(self) -> dict[str, Any]:
        pcm = {"type": "audio/pcm", "rate": RATE}
        output: dict[str, Any] = {"format": pcm}
        if self._voice:
            output["voice"] = self._voice
        language = {"language": self._language} if self._language else {}
        settings: dict[str, Any] = {
            "type": "realtime",
            "output_modalities": ["audio" if self._speech else "text"],
            "audio": {
                "input": {
                    "format": pcm,
                    "transcription": {"model": "gpt-realtime-whisper", **language},
                    "turn_detection": self._turns.wire(create_response=True, interrupt_response=True),
                },
                "output": output,
            },
        }
        if self._instructions:
            settings["instructions"] = sendable(self._instructions)
        if self._tools:
            settings["tools"] = self._tools
        return settings

    def _cancel(self) -> list[Frame]:
        running = self._active is not None and self._active not in self._dropped
        running = running or (self._creating and not self._unwanted)
        self._unwanted = self._creating
        self._drop_active()
        return [_CANCEL] if running else []

    def _drop_active(self) -> None:
        """What is still under way of the running answer will not be wanted."""
        if self._active is not None:
            self._dropped.add(self._active)

    def _forget(self, item: str) -> list[Frame]:
        try:
            items = self._items.forget(item)
        except KeyError:
            raise ImpossibleCommand("the model does not know of that turn any more") from None
        if self._active is not None:
            self._items.forget_response(self._active)
        self._create_due = False
        self._unanswered.clear()
        return [*self._cancel(), *map(_delete, items)]

    def _truncate(self, item: str, heard: float) -> list[Frame]:
        if item not in self._received:
            raise ImpossibleCommand("that answer has no speech to cut")
        length = self._received[item] * 1000 // (2 * RATE)
        return [
            encode(
                {
                    "type": "conversation.item.truncate",
                    "item_id": item,
                    "content_index": self._content[item],
                    "audio_end_ms": int(max(0, min(length, heard * 1000))),
                }
            )
        ]

    def _call(self, answer: str, call: str, name: str, arguments: str) -> list[Event]:
        if answer in self._dropped or call in self._calls or not name:
            return []
        self._calls.add(call)
        self._unanswered.add(call)
        return [ToolCall(call, name, arguments)]

    def _answer_call(self, call: str, output: str, failed: bool) -> str:
        if call not in self._unanswered:
            raise ImpossibleCommand("no tool call of this name waits for an answer")
        self._unanswered.discard(call)
        # One answer is made of all outputs.
        self._create_due = self._create_due or not self._unanswered
        text = sendable(output)
        item = {
            "type": "function_call_output",
            "call_id": call,
            # The protocol has no field that tells a failure.
            "output": encode({"error": text}) if failed else text,
        }
        return encode({"type": "conversation.item.create", "item": item})

    def _audio(self, audio: wire.AudioDelta) -> list[Event]:
        item = audio.item_id
        if audio.response_id in self._dropped:
            return []
        data = self._odd.pop(item, b"") + audio.delta
        whole = len(data) // 2 * 2
        if len(data) > whole:
            self._odd[item] = data[whole:]
        if not whole:
            return []
        self._content[item] = audio.content_index
        self._received[item] = self._received.get(item, 0) + whole
        return [Audio(item, data[:whole], RATE)]

    def _done(self, response: wire.Response) -> list[Event]:
        # It may be the end of one whose start could not be read.
        if self._active in (None, response.id):
            self._active, self._creating, self._unwanted = None, False, False
        self._deletions += map(_delete, self._items.done(response.id, (item.id for item in response.output)))
        details = response.status_details or wire.StatusDetails()
        reason = details.reason or ""
        if details.error:
            reason = details.error.message or details.error.code or reason
        return [AnswerDone(response.id, response.status, reason, _usage(response.usage))]

    def _error(self, error: wire.ErrorBody) -> list[Event]:
        if error.code in _HARMLESS or (error.event_id or "").startswith(_DELETION):
            return []
        if error.code == _BUSY:
            self._create_due = self._create_due or not self._unwanted
            # Where it is not known which response runs, the next response.done ends the wait.
            self._creating, self._unwanted = self._active is None, False
            return []
        self._creating = self._unwanted = False
        return [problem(error)]


def _message(role: str, text: str, **fields: str) -> str:
    content = [{"type": "input_text", "text": sendable(text)}]
    item = {**fields, "type": "message", "role": role, "content": content}
    return encode({"type": "conversation.item.create", "item": item})


def _delete(item: str) -> str:
    return encode({"type": "conversation.item.delete", "item_id": item, "event_id": f"{_DELETION}{item}"})


def problem(error: wire.ErrorBody) -> Problem:
    where = f" ({error.param})" if error.param else ""
    return Problem(error.code or error.type or "error", (error.message or "") + where)


def _usage(usage: wire.Usage | None) -> Usage | None:
    if usage is None:
        return None
    given = usage.input_token_details or wire.TokenDetails()
    made = usage.output_token_details or wire.TokenDetails()
    return Usage(
        input_text=given.text_tokens,
        input_audio=given.audio_tokens,
        cached=given.cached_tokens,
        output_text=made.text_tokens,
        output_audio=made.audio_tokens,
        cached_audio=given.cached_tokens_details.audio_tokens if given.cached_tokens_details else 0,
    )
