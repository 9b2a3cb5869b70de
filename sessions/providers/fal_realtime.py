"""fal's realtime socket (`…/realtime`): msgpack in both directions, JSON for what is about the connection.

Source: fal's JavaScript client and the server code of its serverless package.
"""

from typing import Any

import msgspec

from sessions.commands import Command, ImpossibleCommand
from sessions.events import Event, ImagesFailed, Malformed, Problem, Raw, Warned
from sessions.providers import fal_results as results
from sessions.providers.codec import Codec, Frame
from sessions.providers.wire import Message, decoder_of


class _Note(Message, frozen=True, tag="x-fal-message"):
    """The seconds of the last run, which its result had before, and other actions."""


class _Error(Message, frozen=True, tag="x-fal-error"):
    error: str = "error"
    reason: str | None = None


class _Status(msgspec.Struct, frozen=True):
    status: Any = None
    error: Any = None


_decoder = decoder_of(_Note, _Error)
_status = msgspec.json.Decoder(_Status)


class FalRealtimeCodec(Codec):
    """Each request goes at once. The provider may leave some out, so results are known by `request_id`.

    `settings` are further fields of the model's input.
    """

    kind = "image"
    ready_on_open = True
    finishes = False

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._jobs: dict[str, None] = {}
        """Those without an answer, in their order."""

    def receive(self, frame: Frame, now: float) -> list[Event]:
        if isinstance(frame, bytes):
            try:
                return self._answer(results.from_msgpack.decode(frame), len(frame))
            except results.UNREADABLE as unread:
                return [Malformed(str(unread), len(frame))]
        match _decoder.decode(frame):
            case _Note():
                return []
            case _Error(error="TIMEOUT") as idle:
                why = idle.reason or "no picture was asked for"
                return [Warned("TIMEOUT", f"{why}; the provider closes, and can be connected to again")]
            case _Error() as error:
                return [Problem(error.error, error.reason or ""), *self._fail(error.reason or error.error)]
            case Raw() as unknown:
                return self._unknown(unknown, frame)
            case Malformed() as malformed:
                return [malformed]
            case other:  # pragma: no cover - the decoder makes no other type
                raise AssertionError(other)

    def send(self, command: Command, now: float) -> list[Frame]:
        job, request = results.request_of(command, self._settings)
        if job in self._jobs:
            raise ImpossibleCommand(f"the job {job!r} is under way")
        self._jobs[job] = None
        return [msgspec.msgpack.encode(request)]

    def poll(self, now: float) -> list[Frame]:
        return []

    def closed(self, *, clean: bool) -> list[Event]:
        return self._fail("the connection ended before the answer")

    def explain_close(self, code: int, reason: str) -> str:
        return ""  # fal publishes no close codes

    def _answer(self, result: results.Result, size: int) -> list[Event]:
        # Without a name it can only be told apart where one job alone is under way.
        job = result.request_id or (next(iter(self._jobs)) if len(self._jobs) == 1 else "")
        if job not in self._jobs:
            return [Malformed("a result that no job asked for", size)]
        del self._jobs[job]
        return results.events_of(job, result)

    def _unknown(self, unknown: Raw, frame: str) -> list[Event]:
        """Read what has no type of its own: a refused token, or the result of an app that speaks JSON."""
        try:
            if (refused := _status.decode(frame)).status == "error":
                return [
                    Problem(str(refused.error or "error"), "fal refused the key, or the token made of it")
                ]
            return self._answer(results.from_json.decode(frame), len(frame))
        except results.UNREADABLE:
            return [unknown]

    def _fail(self, why: str) -> list[Event]:
        failed: list[Event] = [ImagesFailed(job, why) for job in self._jobs]
        self._jobs.clear()
        return failed
