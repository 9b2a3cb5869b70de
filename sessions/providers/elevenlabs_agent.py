"""An ElevenLabs agent: a conversation by voice, or by text alone (`/v1/convai/conversation`).

Source: ElevenLabs' AsyncAPI contract for agents (August 2026), its SDKs, and recorded sessions. The agent,
not the client, chooses the audio formats of both directions.
"""

import re
import uuid
from binascii import b2a_base64
from collections.abc import Callable
from typing import Any

import msgspec

from sessions.commands import (
    AddContext,
    AnswerToolCall,
    CancelAnswer,
    Command,
    Forget,
    ImpossibleCommand,
    SendAudio,
    SendText,
    SetInstructions,
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
from sessions.providers import elevenlabs_messages as wire
from sessions.providers import g711
from sessions.providers.codec import Codec, Frame
from sessions.providers.wire import sendable

QUIET = 1.0
"""Seconds without more speech after which an answer is taken to be over: its end is not on the wire."""
UNSPOKEN = 3.0
"""The same for an answer of which only text has come so far."""

_FORMAT = re.compile(r"(pcm|ulaw)_(8000|16000|22050|24000|44100|48000)")

_ADVICE = {
    "override": "the agent does not allow this override: enable it in the agent's security settings",
    "dynamic variable": "the agent needs a variable that it was not given",
    "receive timeout": "it heard nothing for 60 s: reconnect",
    "max duration": "the conversation reached the longest time that the agent allows",
    "safety": "the provider's content policy ended the conversation",
    "llm": "the agent's language model failed: reconnect",
    "cascade": "the agent's models failed: reconnect",
}
"""By a part of the reason."""
_ADVICE_BY_CODE = {
    1002: "the agent had a fault, or heard nothing for 60 s: reconnect",
    1008: "the agent refused the session: check the agent's id, the key, and what the agent allows",
}


class _Answer(msgspec.Struct):
    name: str
    event_id: int | None
    latest: float
    """When a sign of it came."""
    status: str = "completed"
    has_text: bool = False
    speaks: bool = False
    odd: bytes = b""


class ElevenLabsAgentCodec(Codec):
    """One conversation. What is given here takes the place of the agent's own, and has to be allowed in the
    agent's settings.

    An answer cannot be cancelled or truncated on this wire: what still comes of one that is not wanted is
    dropped here, and `Truncate` is impossible. A turn by text interrupts by itself.
    """

    kind = "converse"
    ready_on_open = False
    finishes = False

    def __init__(
        self, *, text_only: bool = False, instructions: str = "", voice: str = "", language: str = ""
    ) -> None:
        self.input_rate = None if text_only else 16000
        self._text_only = text_only
        self._override = wire.override(
            text_only=text_only, instructions=instructions, voice=voice, language=language
        )
        self._initiated = self._ready = False
        self._encode: Callable[[bytes], bytes] = bytes
        self._decode: Callable[[bytes], bytes] = bytes
        self._output_rate: int | None = None
        self._pongs: list[Frame] = []
        self._session = uuid.uuid4().hex[:8]
        self._count = 0
        self._answer: _Answer | None = None
        self._answers: dict[int | None, str] = {}
        """Names of answers by their event id."""
        self._streamed: set[int | None] = set()
        """Those whose text came in parts; it comes once more as a whole."""
        self._unwanted: set[int] = set()
        self._stale_before = 0
        """Audio with a lower event id is of answers that were interrupted."""
        self._turn = self._turn_text = ""

    def receive(self, frame: Frame, now: float) -> list[Event]:
        return [*self.elapse(now), *self._read(frame, now)]

    def send(self, command: Command, now: float) -> list[Frame]:
        if not self._ready:
            raise ImpossibleCommand("the session is not ready yet")
        match command:
            case SendAudio(pcm=pcm):
                if self.input_rate is None:
                    raise ImpossibleCommand("this agent takes no audio")
                if not pcm:
                    raise ImpossibleCommand("audio must not be empty")
                chunk = b2a_base64(self._encode(pcm), newline=False).decode("ascii")
                return ['{"user_audio_chunk":"' + chunk + '"}']
            case SendText(text=text) | AddContext(text=text) if not text.strip():
                raise ImpossibleCommand("there is no text to send")
            case SendText(text=text):
                self._drop_answer()
                return [_message("user_message", text=sendable(text))]
            case CancelAnswer():
                self._drop_answer()
                return []
            case AnswerToolCall(call=call, output=output, failed=failed):
                result = sendable(output)
                return [_message("client_tool_result", tool_call_id=call, result=result, is_error=failed)]
            case AddContext(text=text):
                return [_message("contextual_update", text=sendable(text))]
            case Forget():
                raise ImpossibleCommand("an agent cannot take turns back")
            case SetInstructions():
                raise ImpossibleCommand("an agent takes instructions at the start of a session only")
            case _:
                raise ImpossibleCommand(f"an agent does not know {type(command).__name__}")

    def poll(self, now: float) -> list[Frame]:
        frames, self._pongs = self._pongs, []
        if not self._initiated:
            self._initiated = True
            fields = {"conversation_config_override": self._override} if self._override else {}
            frames.insert(0, _message("conversation_initiation_client_data", **fields))
        return frames

    def elapse(self, now: float) -> list[Event]:
        answer = self._answer
        if answer is None or (self._text_only and answer.status == "completed"):
            return []  # text alone says itself when it is over
        patience = QUIET if answer.speaks or answer.status == "cancelled" else UNSPOKEN
        return self._end() if now - answer.latest >= patience else []

    def closed(self, *, clean: bool) -> list[Event]:
        return self._end() if clean else []

    def explain_close(self, code: int, reason: str) -> str:
        said = reason.lower().replace("_", " ")
        meaning = next((advice for part, advice in _ADVICE.items() if part in said), "")
        return meaning or _ADVICE_BY_CODE.get(code, "")

    def _read(self, frame: Frame, now: float) -> list[Event]:  # noqa: C901 - one row a message
        match wire.decoder.decode(frame):
            case wire.Audio(audio_event=audio):
                return self._audio(audio, now)
            case wire.AgentChatResponsePart(text_response_part=part):
                return self._part(part, now)
            case wire.AgentResponse(agent_response_event=response):
                return self._response(response, now)
            case wire.AgentResponseCorrection(agent_response_correction_event=correction):
                item = self._answers.get(correction.event_id)
                return [AnswerCorrected(item, correction.corrected_agent_response)] if item else []
            case wire.Interruption(interruption_event=interruption):
                self._interrupted(interruption.event_id, now)
                return [Interrupted()]
            case wire.TentativeUserTranscript(tentative_user_transcription_event=heard):
                return self._heard(heard.user_transcript)
            case wire.UserTranscript(user_transcription_event=heard):
                item, self._turn, self._turn_text = self._turn or self._name(), "", ""
                return [*self._end(), UserText(item, heard.user_transcript, final=True)]
            case wire.Ping(ping_event=ping):
                self._pongs.append(_message("pong", event_id=ping.event_id))
                return []
            case wire.ToolCall(client_tool_call=call):
                arguments = bytes(call.parameters).decode(errors="replace")
                return [ToolCall(call.tool_call_id, call.tool_name, arguments)]
            case wire.Initiation(conversation_initiation_metadata_event=metadata):
                self._ready = True
                return [Ready(metadata.conversation_id), *self._choose_formats(metadata)]
            case wire.Error(error_event=error):
                code = error.error_type or str(error.code or "error")
                return [Problem(code, error.message or error.reason or "")]
            case wire.Ignored():
                return []
            case (Raw() | Malformed()) as unread:
                return [unread]
            case other:  # pragma: no cover - the decoder makes no other type
                raise AssertionError(other)

    def _choose_formats(self, metadata: wire.InitiationMetadata) -> list[Event]:
        problems: list[Event] = []
        if self._text_only:
            return problems
        spoken, heard = metadata.agent_output_audio_format, metadata.user_input_audio_format
        if found := _FORMAT.fullmatch(spoken):
            self._output_rate = int(found[2])
            self._decode = g711.decode if found[1] == "ulaw" else bytes
        else:
            problems.append(_unsupported("speaks", spoken))
        if found := _FORMAT.fullmatch(heard):
            self.input_rate = int(found[2])
            self._encode = g711.encode if found[1] == "ulaw" else bytes
        else:
            self.input_rate = None
            problems.append(_unsupported("hears", heard))
        return problems

    def _name(self) -> str:
        self._count += 1
        return f"elevenlabs-{self._session}-{self._count}"

    def _heard(self, text: str) -> list[Event]:
        """Tell what a draft of the transcript adds to those before; where it revises them, the final will."""
        self._turn = self._turn or self._name()
        added = text[len(self._turn_text) :] if text.startswith(self._turn_text) else ""
        self._turn_text += added
        return [UserText(self._turn, added, final=False)] if added else []

    def _begin(self, event_id: int | None, now: float) -> tuple[_Answer, list[Event]]:
        """Return the answer that something belongs to, and the events of its start if it is a new one."""
        answer = self._answer
        if answer and (event_id is None or answer.event_id in (None, event_id)):
            answer.latest = now
            if answer.event_id is None:
                answer.event_id = event_id
                self._answers[event_id] = answer.name
            return answer, []
        ended = self._end()
        answer = self._answer = _Answer(self._name(), event_id, now)
        self._answers[event_id] = answer.name
        return answer, [*ended, AnswerStarted(answer.name)]

    def _end(self) -> list[Event]:
        answer, self._answer = self._answer, None
        if answer is None:
            return []
        events: list[Event] = [AudioEnd(answer.name)] if answer.speaks else []
        return [*events, AnswerDone(answer.name, answer.status)]

    def _audio(self, audio: wire.AudioEvent, now: float) -> list[Event]:
        if audio.event_id < self._stale_before or audio.event_id in self._unwanted or not self._output_rate:
            return []
        answer, events = self._begin(audio.event_id, now)
        data = answer.odd + self._decode(audio.audio_base_64)
        whole = len(data) // 2 * 2
        answer.odd = data[whole:]
        if not whole:
            return events
        answer.speaks = True
        return [*events, Audio(answer.name, data[:whole], self._output_rate)]

    def _part(self, part: wire.TextResponsePart, now: float) -> list[Event]:
        if part.event_id in self._unwanted:
            return []
        answer, events = self._begin(part.event_id, now)
        if part.text:
            answer.has_text = True
            self._streamed.add(part.event_id)
            events.append(AnswerText(answer.name, answer.name, part.text))
        # With speech, audio may still come.
        return events + self._end() if part.type == "stop" and self._text_only else events

    def _response(self, response: wire.AgentResponseEvent, now: float) -> list[Event]:
        """The whole text of an answer, or of what was said of it before an interruption."""
        running = self._answer.event_id if self._answer else None
        late = response.event_id in self._unwanted and response.event_id != running
        if late or response.event_id in self._streamed or not response.agent_response:
            return []
        answer, events = self._begin(response.event_id, now)
        gap = " " if answer.has_text else ""
        answer.has_text = True
        events.append(AnswerText(answer.name, answer.name, gap + response.agent_response))
        return events + self._end() if self._text_only else events

    def _interrupted(self, event_id: int, now: float) -> None:
        """Silence the running answer; it stays open for its text and the correction, which come after.

        The id is that of the turn which interrupts (recorded: after an interruption with id 2 all audio of
        the next answer had id 2), so only what is older is stale, or was heard before. ElevenLabs' Python SDK
        drops the id itself too, and with it that answer; its JavaScript client does not.
        """
        self._stale_before = max(self._stale_before, event_id)
        self._unwanted.update(each for each in self._answers if each is not None)
        if self._answer:
            self._answer.status, self._answer.latest = "cancelled", now

    def _drop_answer(self) -> None:
        """What is still to come of the running answer is not wanted."""
        if self._answer:
            self._answer.status = "cancelled"
            if self._answer.event_id is not None:
                self._unwanted.add(self._answer.event_id)


def _message(kind: str, **fields: Any) -> str:
    return msgspec.json.encode({"type": kind, **fields}).decode()


def _unsupported(does: str, audio_format: str) -> Problem:
    return Problem("unsupported_audio_format", f"the agent {does} {audio_format}: pcm or ulaw are needed")
