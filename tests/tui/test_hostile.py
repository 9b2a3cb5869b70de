"""Text from outside, wherever it can reach: it is shown as what it is, and nothing of it acts."""

import base64
import json
import os
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input

from sessions.config import SessionTable
from sessions.events import Word
from sessions.live.actions import Save
from sessions.state.journal import Journal
from sessions.state.log import Entry
from sessions.state.snapshot import DeckView, Picture, Speech, ToolRequest
from sessions.text import one_line, plain
from tests import faults
from tests.tui.drawn import screen_lines
from tests.tui.filled import DAY
from tests.tui.terminal import terminal
from tests.tui.test_deck import until
from tests.tui.test_screen import Still
from tests.tui.views import HOSTILE_DEVICES, session
from tui.panes.kinds import pane_for
from tui.widgets.find_bar import FindBar

TITLE, CLIPBOARD = "\x1b]0;owned\x07", "\x1b]52;c;b3duZWQ=\x07"
ACTS = (
    f"{TITLE}{CLIPBOARD}\x1b[31337m\x9b2J\x9d0;owned\x9c [b]m[/b] [@click=app.quit]x[/] \u202eesrever\u2066"
)
WIDE = f"日本語 👩‍👩‍👧 {'e' + chr(0x301) * 40} a\u200bb {'W' * 500}"
TEXT = f"{ACTS}\ttab\r\nline \ud800 \U000e0041 {WIDE}"
LINE = "owned"
SCREENS = {
    "transcribe": ("ctrl+w t", "ctrl+w e", "f6"),
    "speak": (),
    "converse": ("ctrl+w b", "f12", "ctrl+w r", "ctrl+w e", "ctrl+w i"),
    "image": ("ctrl+w p", "ctrl+w e"),
}
"""The keys of what else a pane can show."""
IN_THE_PANE = {("transcribe", "ctrl+w t"), ("transcribe", "ctrl+w e"), ("converse", "ctrl+w b")}
"""Those that open no screen; a provider that nobody knows has no settings."""
REPOSITORY = Path(__file__).parents[2]
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _view() -> DeckView:
    """A session of each kind, with hostile text wherever a view can have it."""
    journal = Journal()
    journal.add(0.0, "sent", TEXT)
    journal.add(0.1, "received", TEXT.encode("utf-8", "replace"))
    journal.add(0.2, "received", json.dumps({TEXT: TEXT, "type": TEXT, "list": [TEXT]}))
    table = SessionTable("converse", "openai", voice=TEXT, language=TEXT, instructions=TEXT)
    sized = SessionTable("image", "fal", size=TEXT)
    everywhere: dict[str, object] = {
        "provider": TEXT,
        "model": TEXT,
        "title": TEXT,
        "notice": TEXT,
        "recording": f"/tmp/{TEXT}",
        "source": TEXT,
        "frames": journal.view(),
        "log": [Entry(role, TEXT, tail=TEXT, remark=TEXT) for role in ("speech", "user", "answer", "note")],
        "live": (Entry("speech", TEXT, tail=TEXT, words=(Word(TEXT, 0.0, 1.0, 0.1),), start=1.0, speaker=7),),
        "listening": True,
    }
    speech = tuple(
        Speech(phase, TEXT, phase, sentence=(2, 60), word=(3, 9))
        for phase in ("done", "broken", "playing", "queued")
    )
    pictures = (
        Picture("1", TEXT, "failed", message=TEXT, name="1"),
        Picture("2", TEXT, "done", TEXT, DAY, seconds=1.0, name="2"),
    )
    calls = (ToolRequest(TEXT, TEXT, json.dumps({TEXT: TEXT})), ToolRequest("2", TEXT, TEXT))
    return DeckView(
        TEXT,
        False,
        HOSTILE_DEVICES.audio,
        (
            session("transcribe", **everywhere),  # type: ignore[arg-type]
            session("speak", speech=speech, **{**everywhere, "log": [Entry("note", TEXT)], "live": ()}),  # type: ignore[arg-type]
            session("converse", calls=calls, table=table, **everywhere),  # type: ignore[arg-type]
            session("image", kind="image", pictures=pictures, **{**everywhere, "table": sized}),  # type: ignore[arg-type]
        ),
    )


async def _nothing_acts(pilot: Pilot[None], place: str) -> str:
    """Check what is drawn: no character acts, and every line is as wide as the screen."""
    shown = await until(pilot, lambda shown: LINE in shown)
    for line in screen_lines(pilot.app):
        assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in line), (place, line)
        assert not set(line) & _BIDI, (place, line)
        assert cell_len(line) == pilot.app.size.width, (place, line)
    return shown


@pytest.mark.anyio
async def test_nothing_acts_in_any_pane_or_screen(tmp_path: Path) -> None:
    view = _view()
    app = Still(view, zoomed=True)
    app.save_into = tmp_path
    app.refusal = TEXT
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: " open" in shown)
        for number, (kind, chosen) in enumerate(SCREENS.items()):
            app.action_focus_pane(number)
            app.show(view)
            pane = app.panes[number]
            await _nothing_acts(pilot, kind)
            await pane.do(Save(tmp_path))  # refused, which is notified
            pane.draft = TEXT
            await _nothing_acts(pilot, f"{kind}: notification and prompt")
            app.clear_notifications()
            await pilot.press("ctrl+f")
            pane.query_one(FindBar).query_one(Input).value = TEXT
            await _nothing_acts(pilot, f"{kind}: find")
            await pilot.press("escape")
            for keys in chosen:
                await pilot.press(*keys.split())
                await until(pilot, lambda _: len(app.screen_stack) > 1 or (kind, keys) in IN_THE_PANE)  # noqa: B023
                await _nothing_acts(pilot, f"{kind}: {keys}")
                while len(app.screen_stack) > 1:
                    app.pop_screen()
            pane.draft = ""
        assert app.is_running, "no markup was obeyed"


@given(st.text(), st.text())
def test_a_pane_may_be_called_anything(name: str, title: str) -> None:
    pane = pane_for(name, SessionTable("speak"), title)
    assert pane.name_shown == one_line(title, 40) or pane.name_shown == "Speak"


# A real terminal

SENT = TEXT.replace("\ud800", "")
"""JSON with that in it is refused whole."""
LISTEN = {
    "type": "Results",
    "is_final": True,
    "speech_final": True,
    "start": 0.0,
    "duration": 1.0,
    "channel": {"alternatives": [{"transcript": SENT, "confidence": 0.9, "words": []}]},
}
_OSC = re.compile(rb"\x1b\](\d+);([^\x07\x1b]*)(?:\x07|\x1b\\)")
_POINTER = b"22"
"""The shape of the mouse's pointer, which Textual sets."""


async def _speaks(peer: faults.Peer) -> None:
    await peer.accept(faults.text(json.dumps(LISTEN)))
    await peer.until_closed()


def test_the_terminal_gets_no_title_no_colour_and_no_clipboard_of_a_providers(
    empty_home: Path, no_sound_card: None
) -> None:
    """Nor of a workspace that somebody else has made."""
    workspaces = empty_home / ".local" / "share" / "voxdeck" / "workspaces"
    workspaces.mkdir(parents=True)
    table = {"kind": "transcribe", "provider": "deepgram", "model": "nova-3"}
    pane = {"name": SENT, "title": SENT, "draft": SENT, "history": [SENT], "table": table, "listens": True}
    (workspaces / "default.json").write_text(json.dumps({"panes": [pane], "front": SENT}))
    text = plain(SENT)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(faults.serving(_speaks)) as server,
        terminal(
            ["sh", "-c", f"cd '{empty_home}' && exec '{sys.executable}' -m tui --gateway {server.url}"],
            (120, 40),
            {
                **os.environ,
                "DEEPGRAM_API_KEY": "k" * 20,
                "PYTHONPATH": f"{REPOSITORY}:{os.environ['PYTHONPATH']}",
            },
        ) as shown,
    ):
        shown.until(lambda text: "WWW" in text and "1 of 1 open" in text)
        shown.press("escape", "ctrl+y")
        shown.until(lambda text: "copied" in text)
        shown.press("ctrl+w", "s")
        shown.until(lambda text: "Export as" in text)
        shown.press("end", "enter")
        shown.until(lambda text: "saved" in text)
        shown.press("f12")
        shown.until(lambda text: "Inspector" in text)
        shown.press("escape", "ctrl+q")
        shown.until_ended()
    assert b"\x1b[31337m" not in shown.output and b"Traceback" not in shown.output
    written = shown.output.decode()
    assert not set(written) & (_BIDI | {chr(code) for code in range(0x80, 0xA0)})
    sequences = _OSC.findall(shown.output)
    clipboard = [content.partition(b";")[2] for number, content in sequences if number == b"52"]
    assert {number for number, _ in sequences} <= {_POINTER, b"52"}
    assert [base64.b64decode(content).decode() for content in clipboard] == [text]
    (exported,) = empty_home.glob("*.json")
    assert json.loads(exported.read_bytes())[0]["text"] == SENT
    assert not any(unicodedata.category(char) == "Cc" for char in exported.read_text().replace("\n", ""))
