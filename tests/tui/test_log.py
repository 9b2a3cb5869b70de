"""The log: how it is wrapped, measured, searched, selected and drawn."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len, split_graphemes
from rich.console import Console
from rich.segment import Segment
from rich.text import Text
from textual.app import App, ComposeResult
from textual.geometry import Offset, Region
from textual.pilot import Pilot
from textual.selection import SELECT_ALL, Selection
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

import styles
from sessions.config import SessionTable
from sessions.events import Word
from sessions.live.actions import Action, Export
from sessions.state.log import Entry
from tests.tui.drawn import screen_lines, screen_text
from tests.tui.views import HOSTILE, deck, session
from tui.panes.pane import Pane
from tui.panes.transcribe import TranscribePane
from tui.widgets.find_bar import FindBar
from tui.widgets.line_log import LineLog
from tui.widgets.log_layout import Layout, Place
from tui.widgets.log_lines import Shape, clock, entry_text, wrap
from tui.widgets.log_search import Search, occurrences

TEXTS = st.text(max_size=300) | st.text("ab c\n你e\u0301👩\u200d🚀", max_size=300)
ENTRIES = st.lists(st.builds(Entry, st.sampled_from(["speech", "note"]), TEXTS), max_size=12)


def spoken(count: int) -> list[Entry]:
    return [Entry("speech", f"utterance {n} of many that are said", start=n * 2.5) for n in range(count)]


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(1, 40))
def test_wrapping_loses_only_the_spaces_at_which_it_breaks(text: str, width: int) -> None:
    lines = wrap(text, width)
    end = 0
    for begin, following in lines:
        assert text[end:begin].strip(" \n") == "" and begin <= following
        assert "\n" not in text[begin:following]
        graphemes, cells = split_graphemes(text[begin:following])
        assert cells <= width or len([each for each in graphemes if each[2]]) == 1
        end = following
    assert text[end:].strip(" \n") == ""


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("abcé你", min_size=1, max_size=6), min_size=1, max_size=40), st.integers(12, 40))
def test_words_are_broken_as_rich_does(words: list[str], width: int) -> None:
    text = " ".join(words)
    expected = [line.plain.rstrip() for line in Text(text).wrap(Console(width=80), width)]
    assert [text[begin:end] for begin, end in wrap(text, width)] == expected


@settings(max_examples=50, deadline=None)
@given(ENTRIES, ENTRIES, st.integers(0, 12), st.integers(3, 30), st.data())
def test_a_layout_is_the_same_from_wherever_it_begins(
    entries: list[Entry], live: list[Entry], at: int, width: int, data: st.DataObject
) -> None:
    shape = Shape(width, timestamps=data.draw(st.booleans()))
    layout = Layout()
    layout.entries, layout.live = entries, live
    layout.begin(shape, Place(min(at, len(entries)), 0), 1)
    while not layout.is_measured:
        layout.measure(all_above=data.draw(st.booleans()))
    heights = [len(wrap(entry_text(entry), shape.room(entry))) for entry in (*entries, *live)]
    lines = [(entry, line) for entry, height in enumerate(heights) for line in range(height)]
    assert layout.lines == len(lines)
    assert [layout.locate(line) for line in range(len(lines) + 1)] == [*lines, None]
    assert all(layout.line_of(layout.place_of(line)) == line for line in range(len(lines)))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("aßİ \x1b", max_size=6), max_size=8), st.text("asi \u0307", min_size=1, max_size=3))
def test_a_search_goes_on_as_the_log_does(texts: list[str], needle: str) -> None:
    entries = [Entry("speech", text) for text in texts]
    whole, growing = Search(needle), Search(needle[:1])
    whole.look(entries, ())
    growing.look(entries[:2], entries[2:4])
    growing = growing.narrow(needle, entries)
    growing.look(entries[:5], entries[5:6])
    growing.look(entries, ())
    places = [
        (at, nth)
        for at, entry in enumerate(entries)
        for nth, _ in enumerate(occurrences(entry_text(entry), needle))
    ]
    assert whole.total == growing.total == len(places)
    assert [whole.place(number) for number in range(whole.total)] == places
    assert [growing.place(number) for number in range(whole.total)] == places
    for entry in entries:
        text = entry_text(entry)
        assert all(0 <= begin < end <= len(text) for begin, end in occurrences(text, needle))


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-1, "00:00.0"), (59.96, "01:00.0"), (754.5, "12:34.5"), (3723.4, "1:02:03.4")]
)
def test_times_are_told_to_a_tenth(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


class Host(App[None]):
    """An app with one transcribe pane, which keeps what it is asked for."""

    CSS_PATH = styles.DECK
    save_into = Path("here")

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Action] = []
        self.copied = ""
        self.pane = TranscribePane("transcribe", SessionTable("transcribe"))

    def compose(self) -> ComposeResult:
        yield self.pane

    async def on_mount(self) -> None:
        await self.pane.fill()
        self.pane.entry_point.focus()

    async def do(self, pane: Pane, action: Action) -> bool:
        self.asked.append(action)
        return True

    def keys_of(self, action: str) -> str:
        return ""

    def copy_to_clipboard(self, text: str) -> None:
        self.copied = text

    def say(self, log: list[Entry], *live: Entry) -> LineLog:
        view = session("transcribe", log=log, live=live)
        self.pane.show(view, deck(view))
        return self.pane.log_view


def shown(app: Host) -> list[str]:
    """The log's lines, without frame and scrollbar."""
    region = app.pane.log_view.region
    lines = screen_lines(app)[region.y : region.bottom]
    return [line[region.x : region.right - 1].rstrip() for line in lines]


async def settled(pilot: Pilot[None], log: LineLog) -> None:
    for _ in range(400):
        await pilot.pause(0.01)
        if log._places.is_measured:
            return
    raise AssertionError("the log is not measured to its end")


@pytest.mark.anyio
async def test_a_very_long_log_keeps_its_place_at_every_width() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        entries = spoken(3000)
        log = app.say(entries)
        await pilot.pause()
        assert "utterance 2999" in screen_text(app), "the end is there before all is measured"
        await settled(pilot, log)
        assert "utterance 2999" in screen_text(app)
        assert log._places.lines == 3000
        log.scroll_to(y=1200, animate=False, immediate=True)
        for size in ((24, 12), (120, 40), (60, 20)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert shown(app)[0].startswith("• utterance 1200"), size
            await settled(pilot, log)
            await pilot.pause()
            assert shown(app)[0].startswith("• utterance 1200"), size
        app.say([*entries, *spoken(2)])
        await pilot.pause()
        below = 3002 - 1200 - log.size.height
        assert shown(app)[-1].endswith(f"↓ {below} more lines")
        await pilot.click(log, offset=(log.size.width - 5, log.size.height - 1))
        await pilot.pause()
        assert "more lines" not in screen_text(app) and "utterance 1 " in screen_text(app)


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(44, 9), (60, 20)])
async def test_what_is_painted_bit_by_bit_is_the_whole(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, chance = Host(), random.Random(7)
    dirty: list[Region] = []
    refresh = LineLog.refresh

    def noting(log: LineLog, *regions: Region, **options: bool) -> LineLog:
        dirty.extend(regions or [log.size.region])
        return refresh(log, *regions, **options)

    monkeypatch.setattr(LineLog, "refresh", noting)
    async with app.run_test(size=size) as pilot:
        entries, words = [Entry("note", "begun")], ["你好"]
        log = app.say(entries)
        await pilot.pause()
        screen = [log.render_line(y).text for y in range(log.size.height)]
        for _ in range(50):
            match chance.randrange(12):
                case 0:
                    entries = [*entries[: chance.randrange(3)], Entry("note", "another log")]
                case 1:
                    log.scroll_to(y=chance.randrange(log.max_scroll_y + 1), animate=False, immediate=True)
                case 2:
                    log.scroll_end(animate=False, immediate=True)
                case 3:
                    entries.append(Entry("speech", " ".join(words), speaker=chance.choice((None, 1))))
                    words = []
                case _:
                    words += chance.choices(
                        ["one", "日本語", "interim", "a-word-that-is-longer-than-a-line" * 2], k=3
                    )
            app.say(entries, Entry("speech", " ".join(words[:2]), tail=" ".join(words[2:])))
            if chance.random() < 0.5:
                continue
            await pilot.pause()
            for region in dirty:
                for y in range(max(0, region.y), min(len(screen), region.bottom)):
                    before, new = Strip([Segment(screen[y])]), log.render_line(y)
                    parts = before.crop(0, region.x), new.crop(region.x, region.right)
                    screen[y] = Strip.join([*parts, before.crop(region.right)]).text
            dirty.clear()
            assert screen == [log.render_line(y).text for y in range(log.size.height)]


@pytest.mark.anyio
async def test_only_what_changes_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Host()
    painted: list[tuple[Widget, tuple[Region, ...]]] = []
    refresh = Widget.refresh

    def noting(widget: Widget, *regions: Region, **options: bool) -> Widget:
        painted.append((widget, regions))
        return refresh(widget, *regions, **options)

    async with app.run_test(size=(60, 20)) as pilot:
        log = app.say([], Entry("speech", "", tail="one"))
        await pilot.pause()
        monkeypatch.setattr(Widget, "refresh", noting)
        app.say([], Entry("speech", "", tail="one"))
        assert not painted
        app.say([], Entry("speech", "", tail="one two"))
        assert painted == [(log, (Region(5, 0, 4, 1),))]
        await pilot.pause()
        painted.clear()
        app.pane.title = "renamed"
        app.say([], Entry("speech", "", tail="one two"))
        assert painted == [(app.pane, (Region(-2, -1, 60, 1),))], "the line of the title"


@pytest.mark.anyio
async def test_what_is_typed_is_found_while_the_log_grows() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        entries = [Entry("speech", HOSTILE), *spoken(600), Entry("speech", "Größe STRASSE straße")]
        log = app.say(entries)
        await settled(pilot, log)
        await app.pane.action_find()
        await pilot.press(*"UTTERANCE", "space", "5", "9")
        await pilot.pause()
        assert log.found == (2, 11) and "utterance 590 " in screen_text(app), "the first from here on"
        await pilot.press("up")
        await pilot.pause()
        assert log.found == (1, 11) and "utterance 59 " in screen_text(app)
        app.say(entries, Entry("speech", "", tail="utterance 59 again"))
        await pilot.pause()
        assert log.found == (1, 12) and "1 of 12" in screen_text(app)
        await pilot.press("up")
        await pilot.pause()
        assert log.found == (12, 12) and "utterance 59 again" in screen_text(app)
        await pilot.press("enter")
        assert log.found == (1, 12)
        app.pane.query_one(Input).value = "strasse"
        await pilot.pause()
        assert log.found == (1, 2), "ß is ss, whatever the case"
        app.pane.query_one(Input).value = "␛[31mred"
        await pilot.pause()
        assert log.found == (1, 1) and "␛[31mred" in screen_text(app)
        app.pane.query_one(Input).value = "nowhere"
        await pilot.pause()
        assert "not found" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert not app.pane.query(FindBar) and "␛[31mred" in screen_text(app)
        assert app.focused is app.pane.entry_point


@pytest.mark.anyio
async def test_what_is_selected_is_copied_without_the_breaks_of_lines() -> None:
    app = Host()
    async with app.run_test(size=(40, 24)) as pilot:
        text = "one two three four five six seven eight nine ten eleven twelve"
        log = app.say([Entry("speech", text, speaker=0), Entry("speech", HOSTILE)])
        await pilot.pause()
        assert shown(app)[1].startswith("  "), "the first is wrapped"
        await pilot.mouse_down(log, offset=(0, 0))
        await pilot.hover(log, offset=(6, 1))
        await pilot.mouse_up(log, offset=(6, 1))
        await pilot.pause()
        first, second = shown(app)[:2]
        app.pane.action_copy()
        assert app.copied == f"{first[2:]} {second[2:7]}"
        assert log.get_selection(Selection(Offset(15, 0), Offset(3, 1))) == (f"{text[4:]}\n␛[3", "\n")
        log.screen.clear_selection()
        app.pane.action_copy()
        assert app.copied.startswith(f"Speaker 1: {text}\n␛[31mred")
        assert log.get_selection(SELECT_ALL)[0] == app.copied


@pytest.mark.anyio
async def test_times_speakers_and_doubt_are_shown_and_an_export_is_asked_for() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        words = (Word("Surely", 1.0, 1.5, 0.99), Word("not.", 1.5, 2.0, 0.3))
        log = app.say([Entry("speech", "Surely not.", "", 754.5, 755.0, words, 1)])
        await pilot.pause()
        assert shown(app)[0] == "• Speaker 2: Surely not."
        doubtful = [
            segment.text for segment in log.render_line(0) if segment.style and segment.style.underline
        ]
        assert doubtful == ["not."]
        app.pane.action_toggle_timestamps()
        app.pane.action_toggle_confidence()
        await pilot.pause()
        assert shown(app)[0] == "12:34.5 • Speaker 2: Surely not."
        assert not any(segment.style and segment.style.underline for segment in log.render_line(0))
        app.pane.action_choose_export()
        await pilot.pause()
        assert "WebVTT" in screen_text(app)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.asked == [Export(Path("here"), "srt")]


def test_graphemes_are_measured_as_the_screen_measures_them() -> None:
    text = "👩\u200d🚀e\u0301你"
    assert cell_len(text) == split_graphemes(text)[1] == 5
