"""Two apps that show growing transcripts: the deck, and a Textual app of RichLogs. Run by `screen.py`.

`python -m tests.benchmarks.screen_load KIND PANES WORDS`: so many words come each second to each pane. Of the
kinds `deck` and `low`, views are made as the engine makes them, in a thread of their own; `richlog` gets each
word as it comes, as from a WebSocket. They have one input line, for the time from a key to the screen.
`engine` has the engine itself, over the embedded gateway, and nothing comes as nobody listens.
"""

import itertools
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import cast

from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.widgets import Input, RichLog

from sessions.config import Config, SessionTable
from sessions.engine import Engine
from sessions.live.actions import Action
from sessions.live.deck import DeckPlan
from sessions.providers.codec import Kind
from sessions.state.log import Entry, LogView
from sessions.state.snapshot import DeckView, SessionView
from tui.app import DeckApp
from tui.commands.deck import collect_seldom
from tui.driven import Manner
from tui.workspace.store import PaneState, WorkspaceState

_TEXT = (
    "And Mister John Dashwood had then leisure to consider how much there might be prudently in his power to "
    "do for them He was not an ill disposed young man unless to be rather cold hearted"
)
_WORDS = _TEXT.split()
_UTTERANCE = 14
"""Words from one pause to the next."""
_VIEW_EVERY = 0.1


class _Source:
    """One transcript: words as they are due, in utterances that settle."""

    def __init__(self, name: str, words: float) -> None:
        self._rate, self._begun = words, time.monotonic()
        self._name = name
        self._settled: list[Entry] = []
        self._words: list[str] = []
        self._random = random.Random(name)
        self._count = 0

    def due(self) -> list[str]:
        """The words that have come since the last call."""
        count = int((time.monotonic() - self._begun) * self._rate) - self._count
        self._count += count
        return self._random.choices(_WORDS, k=count)

    def view(self) -> SessionView:
        for word in self.due():
            self._words.append(word)
            if len(self._words) == _UTTERANCE:
                self._settled.append(Entry("speech", " ".join(self._words) + "."))
                self._words = []
        live = (Entry("speech", "", tail=" ".join(self._words)),) if self._words else ()
        return SessionView(
            name=self._name,
            kind="transcribe",
            provider="workers-ai",
            model="@cf/deepgram/nova-3",
            phase="ready",
            notice="",
            listening=True,
            paused=False,
            log=LogView(self._settled),
            live=live,
        )


class _Feed:
    """Stands in the engine's place: the same interface, and a thread that makes views as often."""

    def __init__(self, names: list[str], words: float) -> None:
        self._sources = [_Source(name, words) for name in names]
        self._prompt = SessionView(
            "speak", "speak", "workers-ai", "aura-1", "ready", "", False, False, LogView([])
        )
        self.view = self._make()
        self.on_news: Callable[[], object] = lambda: None
        self._ended = threading.Event()

    def start(self) -> None:
        collect_seldom()  # as the command does
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        self._ended.set()

    def post(self, name: str, action: Action) -> "Future[str]":
        done: Future[str] = Future()
        done.set_result("")
        return done

    def _make(self) -> DeckView:
        sessions = tuple(source.view() for source in self._sources)
        return DeckView("embedded gateway", starting=False, sessions=(*sessions, self._prompt))

    def _run(self) -> None:
        while not self._ended.wait(_VIEW_EVERY - time.monotonic() % _VIEW_EVERY):
            if (view := self._make()) != self.view:
                self.view = view
                self.on_news()


class _RichLogs(App[None]):
    CSS = "Grid { grid-size: 4; } RichLog { border: round gray; } Input { height: 1; border: none; }"

    def __init__(self, panes: int, words: float) -> None:
        super().__init__()
        self._panes = [RichLog(wrap=True) for _ in range(panes)]
        self._sources = [_Source(str(number), words) for number in range(panes)]
        self._words: list[list[str]] = [[] for _ in range(panes)]

    def compose(self) -> ComposeResult:
        with Grid():
            yield from self._panes
        yield Input()

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        for at in range(len(self._panes)):
            self.set_interval(0.02, self._next(at))

    def _next(self, at: int) -> Callable[[], None]:
        def show() -> None:
            """An interim replaces the one before it, so its lines go and come again."""
            log, words = self._panes[at], self._words[at]
            for word in self._sources[at].due():
                if words:
                    del log.lines[-getattr(log, "open_lines", 0) :]
                words.append(word)
                before = len(log.lines)
                log.write(" ".join(words))
                log.open_lines = len(log.lines) - before  # type: ignore[attr-defined]
                if len(words) == _UTTERANCE:
                    words.clear()

        return show


def _deck(panes: int, words: float, *, low_bandwidth: bool) -> DeckApp:
    """As many transcripts, and a pane with the prompt."""
    names = [f"transcribe-{number}" for number in range(1, panes + 1)]
    state = WorkspaceState(
        (
            *(PaneState(name, SessionTable("transcribe"), listens=True) for name in names),
            PaneState("speak", SessionTable("speak")),
        ),
        front="speak",
    )
    manner = Manner(low_bandwidth=low_bandwidth)
    return DeckApp(lambda opens: cast(Engine, _Feed(names, words)), Path(), manner=manner, state=state)


def _with_engine(panes: int) -> DeckApp:
    """Transcriptions and speech in turn; the cursor is in a prompt.

    No conversations, whose frames tell once a minute how long they may last.
    """
    kinds: Iterator[Kind] = itertools.cycle(("transcribe", "speak"))
    tables = [SessionTable(kind) for kind in itertools.islice(kinds, panes)]
    state = WorkspaceState(
        tuple(PaneState(f"{table.kind}-{number}", table) for number, table in enumerate(tables)), "speak-1"
    )
    return DeckApp(lambda opens: Engine(DeckPlan(opens, Config(Path()))), Path(), state=state)


def main() -> None:
    kind, panes, words = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    if kind == "richlog":
        _RichLogs(panes, words).run()
    elif kind == "engine":
        _with_engine(panes).run()
    else:
        _deck(panes, words, low_bandwidth=kind == "low").run()


if __name__ == "__main__":
    main()
