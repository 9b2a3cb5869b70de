"""Deepgram listen v2 (Flux: speech-to-text with turns), also as Workers AI serves `@cf/deepgram/flux`."""

import json
import uuid
from typing import Any, cast

import anyio
from starlette.websockets import WebSocket

from sessions.local.audio_queue import AudioQueue
from sessions.local.deepgram_listen import IDLE_LIMIT, audio_format
from sessions.local.endpointing import RATE
from sessions.local.engines import Engines
from sessions.local.refusals import bad_parameter
from sessions.local.session import Query, content
from sessions.local.turn_taking import Thresholds, Turn, TurnTaker
from sessions.local.wire_audio import Decoder, UndecodableAudio

LISTEN_V1_PARAMETERS = (
    "language",
    "interim_results",
    "endpointing",
    "punctuate",
    "smart_format",
    "diarize",
    "vad_events",
    "utterance_end_ms",
)
"""Names of listen v1 that v2 refuses."""

THRESHOLDS = {
    "eot_threshold": (0.5, 1.0),
    "eager_eot_threshold": (0.3, 0.9),
    "eot_timeout_ms": (500, 60_000),
}
"""Lowest and highest value of each (Deepgram's ranges of 2026, which are wider than Workers AI's)."""

_DEFAULTS = {"eot_threshold": 0.7, "eot_timeout_ms": 5000}

Command = dict[str, Any]


class BadThreshold(ValueError):
    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name
        self.why = why


def checked_thresholds(values: dict[str, Any]) -> dict[str, float]:
    """Return the thresholds of a session, as numbers; raises `BadThreshold`."""
    checked = {}
    for name, (lowest, highest) in THRESHOLDS.items():
        value = values.get(name)
        if value is None:
            continue
        try:
            # float() knows nan and infinities, and the comparison refuses them.
            number = int(value) if name.endswith("_ms") else float(value)
        except (TypeError, ValueError, OverflowError):
            number = -1
        if isinstance(value, bool) or not lowest <= number <= highest:
            raise BadThreshold(name, f"must be a number from {lowest} to {highest}, not {value}")
        checked[name] = number
    if checked.get("eager_eot_threshold", 0) > checked["eot_threshold"]:
        raise BadThreshold("eager_eot_threshold", "must not be greater than eot_threshold")
    return checked


def thresholds(checked: dict[str, float]) -> Thresholds:
    return Thresholds(
        end=checked["eot_threshold"],
        eager=checked.get("eager_eot_threshold"),
        timeout=checked["eot_timeout_ms"] / 1000,
    )


class FluxSession:
    """Every message of the server counts up `sequence_id`."""

    _websocket: WebSocket

    def __init__(self, query: Query, engines: Engines, *, raw_only: bool) -> None:
        """`raw_only`: linear16 with its sample rate is required, as on Workers AI. Raises `Refusal`."""
        for name in LISTEN_V1_PARAMETERS:
            if name in query:
                raise bad_parameter(name, "is a parameter of /v1/listen, not of Flux")
        if raw_only and query.choice("encoding", ("linear16",)) is None:
            raise bad_parameter("encoding", "is required, and linear16 is the only one")
        if set(query.all("language_hint")) - {"en"}:
            raise bad_parameter("language_hint", "the embedded gateway understands English")
        self._decoder = Decoder(audio_format(query), RATE)
        try:
            given = {name: query.text(name, "") for name in THRESHOLDS if name in query}
            self._thresholds = checked_thresholds(_present(_DEFAULTS, given))
        except BadThreshold as error:
            raise bad_parameter(error.name, error.why) from None
        self._keyterms = query.all("keyterm")
        self._request_id = str(uuid.uuid4())
        self._sequence = 0
        self._queue: AudioQueue[Command] = AudioQueue()
        self._turns = TurnTaker(engines, self._queue.backlog, thresholds(self._thresholds))

    async def run(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        await self._send("Connected", request_id=self._request_id)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen)
            await self._read()
            tasks.cancel_scope.cancel()

    async def _read(self) -> None:
        ended = False
        while True:
            with anyio.move_on_after(None if ended else IDLE_LIMIT) as waiting:
                message = await self._websocket.receive()
            if waiting.cancelled_caught:
                await self._websocket.close(1011, f"NET-0001: nothing was received for {IDLE_LIMIT:.0f} s")
                return
            if message["type"] == "websocket.disconnect":
                return
            if ended:
                continue
            try:
                ended = await self._take(content(message))
            except UndecodableAudio as error:
                await self._fail(1008, "DATA-0000", str(error))
                return
            except ValueError as error:
                await self._fail(1008, "UNPARSABLE_CLIENT_MESSAGE", str(error))
                return

    async def _take(self, frame: str | bytes) -> bool:
        """Return whether the stream is at its end."""
        if isinstance(frame, bytes):
            await self._queue.put_audio(self._decoder.push(frame))
            return False
        command = parse(frame)
        ended: bool = command["type"] == "CloseStream"
        if ended:
            await self._queue.put_audio(self._decoder.flush())
        self._queue.put_command(command)
        return ended

    async def _listen(self) -> None:
        while True:
            samples, command = await self._queue.get()
            if samples is not None:
                async for turn in self._turns.hear(samples):
                    await self._tell(turn)
            elif command is not None:
                await self._obey(command)
                if command["type"] == "CloseStream":
                    # A close frame without a code is what Flux ends with; Starlette's close() has one.
                    await self._websocket.send({"type": "websocket.close", "code": None})
                    return

    async def _obey(self, command: Command) -> None:
        match command["type"]:
            case "CloseStream":
                async for turn in self._turns.finish():
                    await self._tell(turn)
            case "ForceEndTurn":
                ended = False
                async for turn in self._turns.end_turn():
                    ended = True
                    await self._tell(turn)
                if not ended:
                    await self._send(
                        "Warning",
                        request_id=self._request_id,
                        code="NO_OPEN_TURN",
                        description="there is no turn to end",
                    )
            case "Configure":
                await self._configure(command)

    async def _configure(self, command: Command) -> None:
        try:
            changed = command.get("thresholds") or {}
            if not isinstance(changed, dict):
                raise ValueError("thresholds: must be an object")
            keyterms = command.get("keyterms")
            if not (keyterms is None or _is_texts(keyterms)):
                raise ValueError("keyterms: must be a list of texts")
            if command.get("language_hints") not in (None, [], ["en"]):
                raise ValueError("language_hints: the embedded gateway understands English")
            checked = checked_thresholds(_present(self._thresholds, changed))
        except ValueError as error:
            await self._send(
                "ConfigureFailure",
                request_id=self._request_id,
                code="INVALID_CONFIGURATION",
                description=str(error),
            )
            return
        self._thresholds = checked
        self._turns.thresholds = thresholds(checked)
        self._keyterms = self._keyterms if keyterms is None else keyterms
        await self._send(
            "ConfigureSuccess",
            request_id=self._request_id,
            thresholds=self._thresholds,
            keyterms=self._keyterms,
        )

    async def _tell(self, turn: Turn) -> None:
        trigger = {} if turn.trigger is None else {"trigger": turn.trigger}
        words = [
            {"word": word, "confidence": 1.0, "start": round(start, 3), "end": round(end, 3)}
            for word, (start, end) in turn.words
        ]
        start, end = turn.window
        await self._send(
            "TurnInfo",
            request_id=self._request_id,
            event=turn.event,
            turn_index=turn.index,
            audio_window_start=round(start, 3),
            audio_window_end=round(end, 3),
            transcript=turn.transcript,
            words=words,
            end_of_turn_confidence=round(turn.confidence, 3),
            **trigger,
        )

    async def _send(self, kind: str, **fields: Any) -> None:
        message = {"type": kind, "sequence_id": self._sequence, **fields}
        self._sequence += 1
        await self._websocket.send_text(json.dumps(message))

    async def _fail(self, close_code: int, code: str, description: str) -> None:
        await self._send("Error", code=code, description=description)
        await self._websocket.close(close_code, code)


def parse(frame: str) -> Command:
    """Return a message of a type that the protocol knows; raises ValueError, in words for the client."""
    try:
        message = json.loads(frame)
    except ValueError:
        raise ValueError("the message is not JSON") from None
    kind = message.get("type") if isinstance(message, dict) else None
    if kind not in {"CloseStream", "Configure", "ForceEndTurn"}:
        raise ValueError("the message's type is not one of CloseStream, Configure, ForceEndTurn")
    return cast(Command, message)


def _present(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return base | {name: value for name, value in changes.items() if value is not None}


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
