"""A session that makes pictures from prompts."""

import itertools
import time

import anyio
import msgspec
from anyio.abc import TaskGroup

from sessions.audio.manager import AudioManager
from sessions.commands import ImpossibleCommand, MakeImage
from sessions.config import SessionTable
from sessions.events import Closed, Event, Failed, Image, ImagesDone, ImagesFailed
from sessions.live.actions import Action, Save, Say
from sessions.live.base import LiveSession
from sessions.openings import Opening
from sessions.pictures import NotFetched, ending_of, fetch
from sessions.providers.catalogue import Offer
from sessions.secrets import redact
from sessions.state.pictures import PictureList
from sessions.state.snapshot import SessionView
from sessions.text import one_line
from sessions.transport import Transport

BROKEN_OFF = "broken off: the connection ended before the picture came"


class ImageSession(LiveSession):
    def __init__(self, name: str, table: SessionTable, offer: Offer, model: str, audio: AudioManager) -> None:
        super().__init__(name, table, offer, model, audio)
        self._list = PictureList()
        self._numbers = itertools.count(1)
        self._tasks: TaskGroup

    async def run(self, transport: Transport, opening: Opening) -> None:
        """What is fetched is fetched beside the connection, which may end meanwhile."""
        async with anyio.create_task_group() as self._tasks:
            await super().run(transport, opening)

    async def do(self, action: Action) -> str:
        match action:
            case Say(text=text):
                self._say(text)
                return ""
            case _:
                return await super().do(action)

    def apply(self, event: Event, t: float) -> None:
        match event:
            case Image(job=job) if name := self._list.answered(job):
                if event.content:
                    self._list.came(name, event, event.content, t)
                else:
                    self._tasks.start_soon(self._fetch, name, event)
            case ImagesDone(job=job):
                self._list.over(job, "the provider says it is done, and sent no picture")
            case ImagesFailed(job=job, message=message):
                self._list.over(job, one_line(redact(message)))
            case Closed() | Failed():
                # What has not been sent yet waits for the next connection.
                unsent = {command.job for command in self._waiting if isinstance(command, MakeImage)}
                for job in self._list.unanswered:
                    if job not in unsent:
                        self._list.over(job, BROKEN_OFF)
            case _:
                pass

    def view(self) -> SessionView:
        return msgspec.structs.replace(
            self.base_view(),
            pictures=self._list.view(time.monotonic()),
            latencies=self._list.latencies,
        )

    def stop(self) -> None:
        """Nothing sounds here, and a picture that is asked for cannot be taken back."""

    def to_save(self, wanted: Save) -> tuple[str, bytes, str]:
        if picture := self._list.find(wanted.picture):
            return ending_of(picture.content), picture.content, ""
        raise ImpossibleCommand("there is no such picture" if wanted.picture else "there is no picture yet")

    def _say(self, text: str) -> None:
        if not text.strip():
            raise ImpossibleCommand("there is no prompt")
        job = f"{self.name}-{next(self._numbers)}"
        self.send(MakeImage(job, text))
        self._list.ask(job, text, time.monotonic())

    async def _fetch(self, name: str, image: Image) -> None:
        try:
            content = await fetch(image.url)
        except NotFetched as error:
            self._list.fail(name, str(error))
        except anyio.get_cancelled_exc_class():
            self._list.fail(name, "broken off: the session ended while it was fetched")
            raise
        else:
            self._list.came(name, image, content, time.monotonic())
