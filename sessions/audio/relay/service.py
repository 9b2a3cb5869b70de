"""What the relay does for one connected deck: its devices, open while the deck wants them."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
import anyio.to_thread
import numpy as np

from sessions.audio.devices import NoDevice, portaudio
from sessions.audio.pcm import RATE, Samples, samples_of
from sessions.audio.relay.buffer import JitterBuffer
from sessions.audio.relay.capture import Capture
from sessions.audio.relay.link import Link, Lost
from sessions.audio.relay.offer import Offer
from sessions.audio.relay.rates import Doubler
from sessions.audio.relay.wire import (
    BLOCK,
    TEXT_LIMIT,
    Bye,
    Captured,
    Credit,
    FromDeck,
    FromRelay,
    Hello,
    Ping,
    Play,
    Pong,
    Silence,
    Trouble,
    Use,
    Welcome,
    from_deck,
    micros,
)
from sessions.audio.streams import Stream, microphone, refresh, speaker

_RETRY_DEVICE = 2.0
_CAPTURED = 100
"""Blocks that wait to be sent: what a line that stalls for 2 s holds up. Then the oldest are lost."""
_SMALL = 16


class Playout:
    """The jitter buffer at the mixer's rate, for a speaker to pull."""

    def __init__(self, buffer: JitterBuffer, pulled: Callable[[], None]) -> None:
        self._buffer = buffer
        self._told = pulled
        self._doubler = Doubler()
        self._rest: Samples = np.zeros(0, np.int16)
        self._pulled = 0
        self.heard: tuple[int, float] | None = None
        """How many frames of the buffer's are done with, and when the next one is heard."""

    @property
    def pulled(self) -> int:
        return self._pulled

    def pull(self, frames: int) -> Samples:
        missing = max(0, frames - self._rest.size)
        more = self._doubler.push(self._buffer.take(-(-missing // 2)))
        joined = np.concatenate((self._rest, more))
        out, self._rest = joined[:frames], joined[frames:]
        self._pulled += frames
        return out

    def anchor(self, frame: int, at: float) -> None:
        self.heard = (self._buffer.consumed, at + (self._pulled - frame) / RATE)
        self._told()


class _Side:
    """Keeps one device open while it is wanted."""

    def __init__(self, what: str, tell: Callable[[str], None], changed: Callable[[], None]) -> None:
        self._what, self._tell, self._tell_deck = what, tell, changed
        self.trouble = ""
        self._on = False
        self._changed = anyio.Event()
        self._scope = anyio.CancelScope()

    def want(self, *, on: bool) -> None:
        self._on = on
        self._changed.set()
        if not on:
            self._scope.cancel()

    async def run(self, use: Callable[[], Awaitable[None]]) -> None:
        """Have `use` open the device and return when it has died; try again while it is wanted."""
        while True:
            while not self._on:
                self._changed = anyio.Event()
                await self._changed.wait()
            with anyio.CancelScope() as self._scope:
                try:
                    await use()
                    self._complain(f"the {self._what} is gone")
                except NoDevice as error:
                    self._complain(str(error))
                await anyio.sleep(_RETRY_DEVICE)
                await anyio.to_thread.run_sync(_look_again)

    def _complain(self, line: str) -> None:
        if line != self.trouble:
            self._tell(line)
            self._set_trouble(line)

    def _set_trouble(self, line: str) -> None:
        if line != self.trouble:
            self.trouble = line
            self._tell_deck()

    async def until_dead(self, stream: Stream) -> None:
        """Wait until the device that was opened has died."""
        self._tell(f"{self._what} open")
        self._set_trouble("")
        try:
            await stream.until_dead()
        finally:
            self._tell(f"{self._what} closed")


def _look_again() -> None:
    """Notice devices that were plugged in, as far as none is open: PortAudio does not by itself."""
    with suppress(NoDevice, portaudio().PortAudioError):
        refresh()


class Service:
    """One connected deck."""

    def __init__(self, link: Link, offer: Offer, tell: Callable[[str], None]) -> None:
        self._link, self._offer = link, offer
        self._capture = Capture()
        self._captured: deque[Captured] = deque(maxlen=_CAPTURED)
        self._answers: deque[FromRelay] = deque(maxlen=_SMALL)
        self._news = anyio.Event()
        self._buffer = JitterBuffer()
        self._playout: Playout | None = None
        self._granted = self._told_underruns = 0
        self._microphone = _Side("microphone", tell, self._tell_trouble)
        self._speaker = _Side("speaker", tell, self._tell_trouble)
        self._playing = False
        self.finished = False
        """The deck has taken its leave."""

    async def run(self) -> str:
        """Serve until the connection is over; return why, in one line."""
        why = ""
        async with anyio.create_task_group() as tasks:
            try:
                offer = self._offer
                now = micros(time.monotonic())
                await self._link.send(Welcome(offer.name, offer.input_name, offer.output_name, now))
                tasks.start_soon(self._send)
                if offer.input:
                    tasks.start_soon(self._microphone.run, self._use_microphone)
                if offer.output:
                    tasks.start_soon(self._speaker.run, self._use_speaker)
                while not self.finished:
                    self._take(await self._link.receive(from_deck))
            except Lost as error:
                why = str(error)
            tasks.cancel_scope.cancel()
        return why

    def _take(self, message: FromDeck) -> None:
        match message:
            case Use():
                self._playing = message.output
                self._microphone.want(on=message.input)
                self._speaker.want(on=message.output)
            case Play(pcm=pcm):
                self._play(samples_of(pcm))
            case Silence(frames=frames):
                self._play(np.zeros(frames, np.int16))
            case Ping():
                self._answer(Pong(message.sent, micros(time.monotonic())))
            case Bye():
                self.finished = True
            case Hello():
                raise Lost("the deck greeted twice")

    def _play(self, samples: Samples) -> None:
        self._buffer.put(samples)
        if not self._playing:
            self._buffer.drop()  # it was under way when the deck closed the speaker

    def _tell_trouble(self) -> None:
        troubles = [side.trouble for side in (self._microphone, self._speaker) if side.trouble]
        self._answer(Trouble("; ".join(f"on the laptop: {each}" for each in troubles)[:TEXT_LIMIT]))

    def _answer(self, message: FromRelay) -> None:
        self._answers.append(message)
        self._wake()

    def _wake(self) -> None:
        self._news.set()

    async def _send(self) -> None:
        """Send whatever there is, as soon as the line takes it."""
        with suppress(Lost):  # whoever receives notices as well
            while True:
                await self._news.wait()
                self._news = anyio.Event()
                messages: list[FromRelay] = [*self._answers, *self._captured, *self._credit()]
                self._answers.clear()
                self._captured.clear()
                if messages:
                    await self._link.send(*messages)

    def _credit(self) -> list[Credit]:
        """Grant what the speaker has made room for, a block at least."""
        buffer = self._buffer
        if self._playout is None or self._playout.heard is None:
            return []
        if buffer.upto - self._granted < BLOCK and buffer.underruns == self._told_underruns:
            return []
        consumed, heard_at = self._playout.heard
        self._granted = max(self._granted, consumed + buffer.target)
        self._told_underruns = buffer.underruns
        return [Credit(consumed, micros(heard_at), self._granted, buffer.underruns)]

    async def _use_microphone(self) -> None:
        def feed(samples: Samples, rate: int, at: float) -> None:
            if blocks := self._capture.push(samples, rate, at):
                self._captured.extend(blocks)
                self._wake()

        assert self._offer.input
        self._capture.restart()
        async with microphone(self._offer.input, feed) as stream:
            await self._microphone.until_dead(stream)

    async def _use_speaker(self) -> None:
        loop = asyncio.get_running_loop()

        def pulled() -> None:
            with suppress(RuntimeError):  # the loop has gone, and the device not yet
                loop.call_soon_threadsafe(self._wake)

        assert self._offer.output
        self._playout = Playout(self._buffer, pulled)
        try:
            async with speaker(self._offer.output, self._playout) as stream:
                await self._speaker.until_dead(stream)
        finally:
            self._playout = None
            self._buffer.drop()
