"""The state of an image session: what was asked for, and what has come of it."""

from dataclasses import dataclass

import msgspec

from sessions.events import Image
from sessions.state.snapshot import Picture

KEPT = 64 * 1024 * 1024
"""Bytes of pictures kept; the oldest goes first."""
LISTED = 500
"""Pictures listed, with or without their content; older ones are forgotten when they are over."""
LATENCIES = 60
DROPPED = "no longer kept: newer pictures took its place"


@dataclass
class _Wish:
    picture: Picture
    asked_at: float
    answered: bool = False
    """The provider has sent it, or where it is."""


class PictureList:
    """Knows pictures by name: the first of a job has the job's own, a second one `<job>.2`, and so on."""

    def __init__(self) -> None:
        self._wishes: dict[str, _Wish] = {}

    def ask(self, job: str, prompt: str, t: float) -> None:
        """A picture was asked for at `t`."""
        self._wishes[job] = _Wish(Picture(job, prompt, "waiting", name=job), t)
        over = [name for name, wish in self._wishes.items() if wish.picture.phase != "waiting"]
        for old in over[: max(0, len(self._wishes) - LISTED)]:
            del self._wishes[old]

    def answered(self, job: str) -> str | None:
        """A picture of the job is here or on its way; return its name, or None if the job is not known."""
        if (first := self._wishes.get(job)) is None:
            return None
        name, number = job, 1
        while name in self._wishes and self._wishes[name].answered:
            number += 1
            name = f"{job}.{number}"
        if name not in self._wishes:
            self._wishes[name] = _Wish(
                Picture(job, first.picture.prompt, "waiting", name=name), first.asked_at
            )
        self._wishes[name].answered = True
        return name

    def came(self, name: str, image: Image, content: bytes, t: float) -> None:
        """All of a picture is here."""
        wish = self._wishes[name]
        wish.picture = msgspec.structs.replace(
            wish.picture,
            phase="done",
            media_type=image.media_type,
            content=content,
            width=image.width,
            height=image.height,
            seconds=t - wish.asked_at,
            message="",
        )
        self._drop()

    def fail(self, name: str, why: str) -> None:
        """The picture will not come."""
        wish = self._wishes[name]
        wish.picture = msgspec.structs.replace(wish.picture, phase="failed", message=why)

    def over(self, job: str, why: str) -> None:
        """Nothing more comes of the job, and if nothing has come, this is why."""
        if job in self.unanswered:
            self.fail(job, why)

    @property
    def unanswered(self) -> list[str]:
        """The jobs of which nothing has come yet."""
        return [
            name
            for name, wish in self._wishes.items()
            if wish.picture.phase == "waiting" and not wish.answered
        ]

    @property
    def latencies(self) -> tuple[float, ...]:
        """Seconds from wish to picture of the latest, oldest first."""
        done = (wish.picture for wish in self._wishes.values() if wish.picture.phase == "done")
        return tuple(picture.seconds for picture in done if picture.seconds is not None)[-LATENCIES:]

    def find(self, name: str) -> Picture | None:
        """Return the picture of this name, or the latest if it is empty, where its content is kept."""
        kept = [wish.picture for wish in self._wishes.values() if wish.picture.content]
        return next((picture for picture in reversed(kept) if name in ("", picture.name)), None)

    def view(self, now: float) -> tuple[Picture, ...]:
        """Return them in the order asked for."""
        return tuple(
            msgspec.structs.replace(wish.picture, seconds=now - wish.asked_at)
            if wish.picture.phase == "waiting"
            else wish.picture
            for wish in self._wishes.values()
        )

    def _drop(self) -> None:
        kept = [wish for wish in self._wishes.values() if wish.picture.content]
        total = sum(len(wish.picture.content) for wish in kept)
        for old in kept[:-1]:
            if total <= KEPT:
                break
            total -= len(old.picture.content)
            old.picture = msgspec.structs.replace(old.picture, content=b"", message=DROPPED)
