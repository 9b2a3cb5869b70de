"""fal's HTTP over WebSocket: each request is answered by a JSON start, pieces of body, and a JSON end.

Source: fal's "HTTP over WebSocket" page and the rule of its serverless client.
"""

from collections import deque
from typing import Any

import msgspec

from sessions.commands import Command
from sessions.events import Event, Image, ImagesDone, ImagesFailed, Malformed, Problem, Raw
from sessions.providers import fal_results as results
from sessions.providers.codec import Codec, Frame
from sessions.providers.wire import Message, decoder_of


class _Start(Message, frozen=True, kw_only=True, tag="start"):
    request_id: str
    status: int
    headers: dict[str, Any] = msgspec.field(default_factory=dict)


class _End(Message, frozen=True, kw_only=True, tag="end"):
    request_id: str
    status: int


_decoder = decoder_of(_Start, _End)


class _Reply:
    """An answer that has begun."""

    def __init__(self, job: str, start: _Start) -> None:
        self.job, self.id, self.status = job, start.request_id, start.status
        names = {name.lower(): str(value) for name, value in start.headers.items()}
        self.media_type = names.get("content-type", "application/json").partition(";")[0].strip().lower()
        self.body = bytearray()


class FalHttpCodec(Codec):
    """One request at a time; the others wait. `settings` are further fields of the model's input."""

    kind = "image"
    ready_on_open = True
    finishes = False

    def __init__(self, **settings: Any) -> None:
        # In this mode the pictures come in the answer; else addresses to fetch them from do.
        self._settings = {"sync_mode": True, **settings}
        self._waiting: deque[tuple[str, Frame]] = deque()
        self._job: str | None = None
        """The one that is under way."""
        self._reply: _Reply | None = None

    def receive(self, frame: Frame, now: float) -> list[Event]:
        if isinstance(frame, bytes):
            if self._reply is None:
                return [Malformed("a body outside of an answer", len(frame))]
            self._reply.body += frame
            return []
        message = _decoder.decode(frame)
        if self._reply is not None:
            return self._within(self._reply, message, frame)
        match message:
            case _Start() if self._job is not None:
                self._reply = _Reply(self._job, message)
                return []
            case _Start() | _End():
                return [Problem("protocol", "an answer came or ended that nothing asked for")]
            case Raw() if self._job is not None:
                return self._bare(self._job, message, frame)
            case (Raw() | Malformed()) as unread:
                return [unread]
            case other:  # pragma: no cover - the decoder makes no other type
                raise AssertionError(other)

    def send(self, command: Command, now: float) -> list[Frame]:
        job, request = results.request_of(command, self._settings)
        self._waiting.append((job, msgspec.json.encode(request).decode()))
        return self.poll(now)

    def poll(self, now: float) -> list[Frame]:
        if self._job is not None or not self._waiting:
            return []
        self._job, frame = self._waiting.popleft()
        return [frame]

    def closed(self, *, clean: bool) -> list[Event]:
        jobs = [job for job in (self._job, *(job for job, _ in self._waiting)) if job is not None]
        self._waiting.clear()
        self._job = self._reply = None
        return [ImagesFailed(job, "the connection ended before the answer") for job in jobs]

    def explain_close(self, code: int, reason: str) -> str:
        return ""  # fal publishes no close codes

    def _within(self, reply: _Reply, message: Message | Event, frame: str) -> list[Event]:
        """Read a text frame of an answer. What names another answer breaks the protocol, and this answer."""
        match message:
            case _End(request_id=name, status=status) if name == reply.id:
                self._job = self._reply = None
                return _complete(reply, status)
            case _Start() | _End():
                self._job = self._reply = None
                why = "an answer began or ended within another"
                return [Problem("protocol", why), ImagesFailed(reply.job, why)]
            case _:
                reply.body += frame.encode(errors="replace")
                return []

    def _bare(self, job: str, unread: Raw, frame: str) -> list[Event]:
        """Read a result that comes without start and end."""
        try:
            result = results.from_json.decode(frame)
        except results.UNREADABLE:
            return [unread]
        self._job = None
        return results.events_of(job, result)


def _complete(reply: _Reply, last_status: int) -> list[Event]:
    body = bytes(reply.body)
    for status in (reply.status, last_status):
        if not 200 <= status < 300:
            return [ImagesFailed(reply.job, results.refusal_of(body, status))]
    if reply.media_type == "application/json":
        try:
            return results.events_of(reply.job, results.from_json.decode(body))
        except results.UNREADABLE as error:
            failed = ImagesFailed(reply.job, "the answer could not be read")
            return [Malformed(str(error), len(body)), failed]
    if reply.media_type.startswith("image/") and body:
        return [Image(reply.job, reply.media_type, body), ImagesDone(reply.job, 1)]
    why = f"the answer, {len(body)} bytes of {reply.media_type}, is no picture"
    return [Raw(reply.media_type, body.decode(errors="replace")), ImagesFailed(reply.job, why)]
