"""The thread that owns every session and the audio devices.

A terminal that is not read stalls the screen's event loop for seconds (measured), so nothing that must keep
time lives there. Actions go in by `post`; immutable views come out by `view`, ten times a second.
"""

import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from sessions.commands import ImpossibleCommand
from sessions.live.actions import Action
from sessions.live.deck import Deck, DeckPlan
from sessions.state.snapshot import DeckView

logger = logging.getLogger(__name__)

VIEW_EVERY = 0.1
"""Seconds; at whole multiples, as is all that sessions do at intervals: to be woken is most of what idling
costs, and so it happens for all at once."""
IDLE_EVERY = 0.2
"""The same once nothing is new."""
_IDLE_AFTER = 3
STOP_TIMEOUT = 0.9
"""Seconds; quitting must take less than one in all."""


class Engine:
    """Runs a deck in a thread of its own, from `start` to `stop`."""

    def __init__(self, plan: DeckPlan) -> None:
        self._deck = Deck(plan)
        self.view: DeckView = self._deck.view()
        self.on_news: Callable[[], object] = lambda: None
        """Called when `view` is another, on the engine's own thread."""
        self._exit = contextlib.ExitStack()
        self._portal: BlockingPortal | None = None
        self._main: Future[None] | None = None

    def start(self) -> None:
        self._portal = self._exit.enter_context(start_blocking_portal(name="voxdeck-engine"))
        self._main = self._portal.start_task_soon(self._run)

    def stop(self) -> None:
        """End every session, device and child process. Returns within about a second."""
        if self._main is None:
            return
        self._main.cancel()
        with contextlib.suppress(CancelledError, TimeoutError):
            self._main.result(STOP_TIMEOUT)
        self._main = None
        self._exit.close()

    def post(self, name: str, action: Action) -> Future[str]:
        """Carry out an action on a session; the result is a line to show, or ImpossibleCommand.

        A `DeckWide` action concerns all of them; then the name does not count.
        """
        if self._portal is None:
            raise ImpossibleCommand("the deck is still starting")
        return self._portal.start_task_soon(self._deck.do, name, action)

    async def _run(self) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._publish)
                await self._deck.run()
        except Exception:
            logger.exception("the engine")
            raise

    async def _publish(self) -> None:
        idle = 0
        while True:
            view = self._deck.view()
            idle += 1
            if view != self.view:  # an idle deck goes on with the same one, so that nothing is drawn
                self.view, idle = view, 0
                self.on_news()
            every = VIEW_EVERY if idle < _IDLE_AFTER else IDLE_EVERY
            await anyio.sleep(every - time.monotonic() % every)
