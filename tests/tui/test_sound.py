"""What title bar and frames tell about sound, and what the keys for it ask of the engine."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from sessions.audio.modes import MicrophoneMode
from sessions.audio.view import AudioView, InputView
from sessions.live.actions import (
    Action,
    Front,
    Seek,
    SetArbitration,
    SetBlock,
    SetEcho,
    SetMicrophone,
    SetMuted,
    SetSource,
    SetSpeed,
    SetVolume,
    Skip,
    ToggleRecording,
)
from sessions.state.snapshot import DeckView, SessionView, Speech
from tests.tui.drawn import screen_text
from tests.tui.test_screen import Still, drawn_once
from tests.tui.views import IN_TROUBLE, LAPTOP, SOUND, deck, session
from tui.actions import sound
from tui.panes.sound import speaks_first
from tui.widgets.line import Line
from tui.words import decibels, microphone_state, route_words

pytestmark = pytest.mark.anyio

THREE = (session("transcribe"), session("speak"), session("converse"))


async def title(view: DeckView, width: int) -> str:
    app = Still(view)
    async with app.run_test(size=(width, 24)) as pilot:
        await drawn_once(pilot)
        return screen_text(app).partition("\n")[0]


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_the_title_bar_tells_both_routes(width: int) -> None:
    line = await title(deck(*THREE, audio=LAPTOP), width)
    assert "3 of 3 open" in line
    assert "in: MacBook Micro" in line
    assert "out: relay" in line
    assert "█" in line


async def test_no_sound_at_all_is_told_too() -> None:
    line = await title(DeckView("embedded gateway", starting=True), 80)
    assert "in: none off" in line and "out: none" in line


@pytest.mark.parametrize(("width", "words"), [(80, "silent 7 s"), (120, "no sound for 7 s")])
async def test_silence_of_an_open_microphone_is_told(width: int, words: str) -> None:
    view = InputView("Microphone", "device", live=True, open=True, silent_for=7.4)
    assert words in await title(deck(*THREE, audio=AudioView(view)), width)
    for other in (replace(view, silent_for=4.9), replace(view, open=False)):
        assert words[:6] not in await title(deck(*THREE, audio=AudioView(other)), width)


@pytest.mark.parametrize(
    ("width", "gone"), [(80, "gone, waiting, 3 gaps"), (120, "speaker gone: waiting · 3 underruns")]
)
async def test_clipping_loss_and_a_lost_speaker_are_told_in_words(width: int, gone: str) -> None:
    line = await title(IN_TROUBLE, width)
    assert "CLIP" in line and "2 lost" in line and gone in line


async def test_a_moving_meter_repaints_the_meter_alone() -> None:
    app = Still(deck(*THREE, audio=LAPTOP))
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn_once(pilot)
        painted: list[str | None] = []
        for line in app.query(Line):
            line.render_line = _noting(line, painted)  # type: ignore[method-assign]
        for level in (0.1, 0.5, 0.9):
            moved = replace(LAPTOP, input=replace(LAPTOP.input, level=level))
            app.show(deck(*THREE, audio=moved))
            await pilot.pause()
        assert set(painted) == {"input-state"}


def _noting(line: Line, painted: list[str | None]):  # type: ignore[no-untyped-def]
    original = line.render_line

    def render(y: int):  # type: ignore[no-untyped-def]
        painted.append(line.id)
        return original(y)

    return render


@given(
    st.text(max_size=90),
    st.text(max_size=90),
    st.sampled_from(["device", "relay", "pulseaudio", "file", "none"]),
)
def test_a_route_is_always_one_safe_line(name: str, other: str, route: str) -> None:
    words = route_words(route, name)  # type: ignore[arg-type]
    assert words.isprintable() or not words.isascii()
    assert "\n" not in words and "\x1b" not in words and cell_len(words) < 200


@pytest.mark.parametrize(("level", "words"), [(1.0, "0 dB"), (0.5, "-6 dB"), (0.0, "-∞ dB"), (7.0, "0 dB")])
def test_levels_are_told_in_decibels(level: float, words: str) -> None:
    assert decibels(level) == words


@pytest.mark.parametrize(
    ("mode", "listening", "hearing", "words"),
    [
        ("on", True, True, "listening"),
        ("on", False, False, "not listening (Ctrl+L listens)"),
        ("muted", True, False, "muted (F8 unmutes)"),
        ("muted", False, False, "not listening (Ctrl+L listens)"),
        ("push-to-talk", False, False, "push-to-talk (Ctrl+L talks)"),
        ("push-to-talk", True, True, "talking (Ctrl+L ends)"),
        ("voice", True, False, "voice: waits for speech"),
        ("voice", True, True, "voice: hearing"),
    ],
)
def test_the_microphone_is_told_in_words(
    mode: MicrophoneMode, listening: bool, hearing: bool, words: str
) -> None:
    view = session("transcribe", microphone=mode, listening=listening, hearing=hearing)
    assert microphone_state(view) == words


async def test_frames_tell_what_is_not_as_usual() -> None:
    app = Still(SOUND)
    async with app.run_test(size=(200, 50)) as pilot:
        await drawn_once(pilot)
        shown = screen_text(app)
    for words in (
        "push-to-talk",
        "● rec voxdeck-transcribe-1.wav",
        "waits for 3 Converse",
        "volume 80 %",
        "speed 1.2×",
        "2 underruns",
        "voice: hearing",
        "hears: file:talk.wav",
    ):
        assert words in shown


async def test_a_recording_is_told_before_all_else_and_its_file_where_there_is_room() -> None:
    view = session(
        "speak", recording="/tmp/voxdeck-speak-1.wav", volume=0.8, speed=1.2, underruns=12, muted=True
    )
    app = Still(deck(THREE[0], view, THREE[2], audio=LAPTOP))
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn_once(pilot)
        await pilot.press("f3")
        await pilot.pause()
        assert "● rec · silenced" in screen_text(app)
        app.show(deck(THREE[0], replace(view, speed=1.0, underruns=0), THREE[2], audio=LAPTOP))
        await pilot.pause()
        assert "● rec voxdeck-speak-1.wav · silenced" in screen_text(app)


def _speaking(name: str) -> SessionView:
    return session(name, speech=(Speech("1", "Hello.", "playing"),))


def test_who_speaks_first_is_told_where_panes_queue() -> None:
    queued = session("speak", speech=(Speech("1", "Hello.", "queued"),))
    answering = session("converse", answering=True)
    assert speaks_first(queued, deck(queued, answering, audio=LAPTOP)) == "converse"
    assert speaks_first(answering, deck(queued, answering, audio=LAPTOP)) == ""
    assert speaks_first(answering, deck(_speaking("speak"), answering, audio=LAPTOP)) == "speak"
    assert speaks_first(_speaking("speak"), deck(_speaking("speak"), answering, audio=LAPTOP)) == ""
    mixed = replace(LAPTOP, arbitration="mix")
    assert speaks_first(queued, deck(queued, answering, audio=mixed)) == ""


async def asked(view: DeckView, *keys: str) -> list[tuple[str, Action]]:
    app = Still(view)
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn_once(pilot)
        app.asked.clear()
        await pilot.press(*keys)
        await pilot.pause()
        return [(name, action) for name, action in app.asked if not isinstance(action, Front)]


@pytest.mark.parametrize(
    ("keys", "actions"),
    [
        (["f7", "f7", "f7"], [SetMicrophone("push-to-talk"), SetMicrophone("voice"), SetMicrophone("on")]),
        (
            ["f7", "f8", "f8"],
            [SetMicrophone("push-to-talk"), SetMicrophone("muted"), SetMicrophone("push-to-talk")],
        ),
        (["f9"], [ToggleRecording(Path())]),
        (["ctrl+w", "k"], [Skip()]),
        (["shift+up", "shift+up"], [SetVolume(1.1), SetVolume(1.2)]),
        (["shift+down"], [SetVolume(0.9)]),
        (["ctrl+w", "plus", "ctrl+w", "plus"], [SetSpeed(1.1), SetSpeed(1.2)]),
        (["ctrl+w", "minus"], [SetSpeed(0.9)]),
        (["ctrl+o"], [SetMuted(True)]),
    ],
)
async def test_keys_ask_for_sound_even_when_pressed_faster_than_views_come(
    keys: list[str], actions: list[Action]
) -> None:
    assert await asked(deck(*THREE), *keys) == [("converse", action) for action in actions]


async def test_volume_and_speed_end_where_they_end() -> None:
    loud = deck(*THREE[:2], session("converse", volume=2.0, speed=0.5, muted=True))
    assert await asked(loud, "shift+up", "ctrl+w", "minus", "ctrl+o") == [
        ("converse", SetVolume(2.0)),
        ("converse", SetSpeed(0.5)),
        ("converse", SetMuted(False)),
    ]


async def test_what_is_not_for_a_pane_is_not_asked_for_it() -> None:
    assert await asked(deck(*THREE), "f2", "shift+up", "ctrl+w", "plus", "ctrl+w", "k", "ctrl+o") == []
    assert await asked(deck(*THREE), "f3", "f7", "f8") == []


async def test_the_palette_carries_out_what_has_no_key() -> None:
    app = Still(deck(*THREE))
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn_once(pilot)
        await pilot.press("f2")
        app.asked.clear()
        actions = [each for each in sound.ACTIONS if each.panes is None or "transcribe" in each.panes]
        names = [each.help for each in actions if not each.keys and each.id != "hear_source"]
        commands = {command.title: command.callback for command in app.get_system_commands(app.screen)}
        for name in names:
            commands[name]()
            await pilot.pause()
        got = [action for _, action in app.asked]
    assert got == [
        *(SetEcho(mode) for mode in ("cancel", "half-duplex", "off")),
        *(SetArbitration(policy) for policy in ("queue", "mix", "solo", "duck")),
        *(SetSource(source) for source in ("microphone", "tone:440", "pane:speak", "pane:converse")),
        Seek(10),
        Seek(-10),
        SetBlock(0.1),
        SetBlock(0.02),
        ToggleRecording(app.save_into, "input", "wav"),
        ToggleRecording(app.save_into, "both", "flac"),
    ]


async def test_the_pane_in_front_is_told_once_a_change() -> None:
    app = Still(deck(*THREE))
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn_once(pilot)
        for key in ("f3", "f3", "f1", "escape", "tab", "f2"):
            await pilot.press(key)
            await pilot.pause()
        fronts = [action.session for _, action in app.asked if isinstance(action, Front)]
    assert fronts == ["converse", "speak", "converse", "transcribe"]
