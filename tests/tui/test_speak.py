"""The speak pane: its list of utterances, what is done with a chosen one, and how little is repainted."""

from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip

from sessions.gateway import Gateway
from sessions.live.actions import Drop, Replay, Save
from sessions.state.log import Entry
from sessions.state.snapshot import Speech
from tests.tui.drawn import screen_text
from tests.tui.test_deck import make_deck, until
from tests.tui.test_screen import Still
from tests.tui.views import deck, session
from tui.panes.speak import SpeakPane
from tui.widgets.playback import Playback
from tui.widgets.repaint import changed_cells
from tui.widgets.utterances import Utterances

pytestmark = pytest.mark.anyio

TEXT = "One two three four five six seven eight nine ten."


class Watched(Utterances):
    """Notes what it has repainted."""

    painted: list[Region]

    def refresh(self, *regions: Region, **how: Any) -> "Watched":
        self.painted = [*getattr(self, "painted", []), *regions]
        return super().refresh(*regions, **how)


class Bare(App[None]):
    AUTO_FOCUS = None
    CSS = """
    Utterances { height: 1fr; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    Playback { height: 1; }
    .utterances--mark { text-style: bold; }
    """

    def compose(self) -> ComposeResult:
        yield Watched("nothing yet")
        yield Playback()


def playing(name: str, text: str, word: tuple[int, int], **fields: Any) -> Speech:
    return Speech(name, text, "playing", 0.1, 1.0, 2.0, complete=True, word=word, **fields)


def lines(app: App[None]) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip)[:-1].rstrip() for strip in strips]


async def test_only_the_words_are_repainted_when_another_one_sounds() -> None:
    app = Bare()
    async with app.run_test(size=(30, 8)) as pilot:
        await pilot.pause()
        utterances = app.query_one(Watched)
        assert "nothing yet" in lines(app)[0]
        utterances.show((), (playing("a", TEXT, (0, 3)),), ())
        utterances.painted = []
        utterances.show((), (playing("a", TEXT, (4, 7)),), ())
        assert utterances.painted == [Region(3, 0, 7, 1)]
        utterances.painted = []
        utterances.show((), (playing("a", TEXT, (4, 7), after=0),), ())
        assert not utterances.painted
        await pilot.pause()
        assert lines(app)[:2] == [" ▶ One two three four five", "   six seven eight nine ten."]


async def test_the_list_follows_what_sounds_and_faults_stand_where_they_came() -> None:
    app = Bare()
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.pause()
        utterances = app.query_one(Watched)
        log = [Entry("fault", "refused [bold]\x1b[2J")]
        waiting = tuple(Speech(str(n), f"Number {n}.", "queued", after=1) for n in range(20))
        utterances.show(log, (Speech("a", "First.", "done", length=1.0), *waiting), ())
        await pilot.pause()
        assert lines(app)[4] == " … Number 19.  (queued)"
        sounding = playing("a", "First " * 60, (350, 355))
        utterances.show(log, (sounding, *waiting), ())
        await pilot.pause()
        assert any("▶" not in line and "First" in line for line in lines(app)[:5])
        utterances.scroll_to(y=0, animate=False, immediate=True)
        utterances.show(log, (playing("a", "First " * 60, (354, 359)), *waiting), ())
        await pilot.pause()
        assert lines(app)[0].startswith(" ▶ First"), "it does not follow against the user's will"
        utterances.show(log, (Speech("a", "First.", "done", length=1.0), *waiting[:1]), ())
        await pilot.pause()
        assert lines(app)[:3] == [
            " ✓ First.  (1.0 s)",
            " ! refused [bold]␛[2J",
            " … Number 0.  (queued)",
        ]


async def test_what_is_chosen_is_replayed_saved_dropped_and_edited() -> None:
    speech = (
        Speech("a", "Said before.", "done", 0.1, 1.0, 1.0, complete=True),
        playing("b", "Sounds now.", (0, 6)),
        Speech("c", "Waits\nin two lines.", "queued"),
    )
    app = Still(deck(session("speak", speech=speech)))
    async with app.run_test(size=(80, 24)) as pilot:
        while not (app.pane and app.pane.view):
            await pilot.pause(0.05)
        pane = app.query_one(SpeakPane)
        assert pane.prompt
        await pilot.press("o", "l", "d", "ctrl+r")
        await app.action_perform("choose_text")
        await pilot.press("up", "up", "enter", "s", "down", "down", "x", "e")
        await pilot.pause()
        assert app.asked[1:] == [
            ("speak", Replay()),
            ("speak", Replay("a")),
            ("speak", Save(Path(), "a")),
            ("speak", Drop("c")),
            ("speak", Drop("c")),
        ]
        assert pane.prompt.has_focus and pane.prompt.text == "Waits\nin two lines."
        assert pane.prompt.earlier == ["old"]
        assert pane.text() == "Waits\nin two lines.", "what is chosen is copied"
        await app.action_perform("find")
        await pilot.press("W", "down")
        assert pane.utterances.found == (1, 2)
        await pilot.press("escape")
        assert pane.text() == "Sounds now."
        await pilot.click(Utterances, offset=(5, 1), times=2)
        assert app.asked[-1] == ("speak", Replay("b"))
        assert "›▶ Sounds now." in screen_text(app)
        assert "▶ playing 1.0 / 2.0 s" in screen_text(app) and "1 queued · 1+ s in all" in screen_text(app)


async def test_an_earlier_text_is_spoken_again_and_a_waiting_one_taken_out(
    embedded: Gateway, no_sound_card: None, tmp_path: Path
) -> None:
    async with make_deck(embedded, tmp_path).run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: "3 of 3 open" in shown)
        app = pilot.app
        pane = app.query_one(SpeakPane)
        await pilot.press("f3")
        assert pane.prompt
        for text in ("One.", "The second takes its time, for it is meant to be interrupted.", "Three."):
            pane.prompt.text = text
            await pilot.press("enter")
        await until(pilot, lambda shown: "▶ One." in shown and "Three.  (" in shown)
        await app.run_action("perform('choose_text')")
        await pilot.press("x")
        await until(pilot, lambda shown: "■ Three." in shown and "▶ The second" in shown)
        await pilot.press("escape")  # back to the prompt
        assert app.focused is pane.prompt
        await pilot.press("escape")
        await until(pilot, lambda shown: "■ The second" in shown)
        await app.run_action("perform('choose_text')")
        await pilot.press("up", "up", "enter")
        await until(pilot, lambda shown: "›▶ One.  (playing)" in shown)
        await pilot.press("s")
        await until(pilot, lambda shown: "saved to" in shown)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("same", "same", None),
        ("abcd", "abXd", (2, 3)),
        ("ab", "abcd", (2, 4)),
        ("abcd", "ad", (1, 4)),
        ("你好吗", "你们吗", (2, 4)),
        ("aa", "aaa", (2, 3)),
        ("", "", None),
    ],
)
def test_what_of_a_line_has_changed(old: str, new: str, changed: tuple[int, int] | None) -> None:
    assert changed_cells(*(Strip([Segment(text)]) for text in (old, new))) == changed


def test_another_style_is_a_change() -> None:
    bold = Strip([Segment("ab"), Segment("cd", Style(bold=True))])
    assert changed_cells(Strip([Segment("abcd")]), bold) == (2, 4)
