"""Threads that run an engine off the event loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Engine = TypeVar("Engine")
Result = TypeVar("Result")


class EngineThreads(Generic[Engine]):
    """One engine and the threads that may call it; jobs run in the order they came.

    The first thread loads the engine at once, so a job that comes sooner simply waits its turn. When
    loading fails, every job raises what loading raised. Threads are daemons: a job that is still
    running never holds up the end of the process.
    """

    def __init__(self, name: str, load: Callable[[], Engine], threads: int = 1) -> None:
        self._load = load
        self._engine: Future[Engine] = Future()
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[Engine], Any]]] = SimpleQueue()
        threading.Thread(target=self._load_and_work, name=name, daemon=True).start()
        for number in range(1, threads):
            threading.Thread(target=self._work, name=f"{name} {number}", daemon=True).start()

    async def run(self, job: Callable[[Engine], Result]) -> Result:
        """Run `job` on a thread; a cancelled caller takes a job that has not begun out of the queue."""
        future: Future[Result] = Future()
        self._jobs.put((future, job))
        return await asyncio.wrap_future(future)

    def _load_and_work(self) -> None:
        _settle(self._engine, self._load)
        self._work()

    def _work(self) -> None:
        while True:
            future, job = self._jobs.get()
            if future.set_running_or_notify_cancel():
                _settle(future, partial(self._call, job))

    def _call(self, job: Callable[[Engine], Result]) -> Result:
        return job(self._engine.result())


def _settle(future: Future[Any], job: Callable[[], Any]) -> None:
    try:
        result = job()
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)
