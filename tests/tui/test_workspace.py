"""Panes: opened, closed and brought back, moved, zoomed, compared; and workspaces on disk."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.config import Config, SessionTable, WorkspaceTable
from sessions.gateway import Gateway
from sessions.live.actions import Say
from tests.tui.drawn import screen_text
from tests.tui.test_deck import make_deck, type_text, until
from tests.tui.test_screen import Still, drawn_once
from tests.tui.views import BUSY, deck, session
from tui.panes.kinds import pane_for
from tui.workspace.layout import LEAST_HEIGHT, NARROW, WIDEST, arrange
from tui.workspace.store import BadWorkspace, PaneState, Store, WorkspaceState, usual

pytestmark = [pytest.mark.usefixtures("no_sound_card")]


@given(st.integers(0, 40), st.integers(0, 400), st.integers(0, 120))
def test_every_pane_has_one_place(count: int, width: int, height: int) -> None:
    arrangement = arrange(count, width, height)
    assert sum(arrangement.rows) == count
    assert len(arrangement.spans()) == count
    if not arrangement.single:
        assert max(arrangement.rows, default=0) <= WIDEST
        assert max(arrangement.rows, default=0) - min(arrangement.rows, default=0) <= 1
        assert not arrangement.fits or len(arrangement.rows) * LEAST_HEIGHT <= max(height, LEAST_HEIGHT)
        assert width >= NARROW or max(arrangement.rows, default=0) <= 1


@pytest.mark.parametrize(
    ("count", "rows"),
    [(1, (1,)), (2, (2,)), (3, (1, 2)), (4, (2, 2)), (6, (3, 3)), (9, (3, 3, 3)), (16, (4, 4, 4, 4))],
)
def test_panes_stand_in_whole_rows_on_a_usual_screen(count: int, rows: tuple[int, ...]) -> None:
    assert arrange(count, 160, 45).rows == rows


def test_a_small_screen_shows_one_pane() -> None:
    assert arrange(3, 80, 21).single
    assert not arrange(1, 80, 21).single


texts = st.text(st.characters(codec="utf-8"), max_size=40)
states = st.builds(
    WorkspaceState,
    st.lists(
        st.builds(
            PaneState,
            texts,
            st.builds(SessionTable, st.sampled_from(["transcribe", "speak"]), voice=texts),
            texts,
            texts,
            st.lists(texts, max_size=3).map(tuple),
        ),
        max_size=4,
        unique_by=lambda pane: pane.name,
    ).map(tuple),
    texts,
)


@given(state=states)
def test_what_is_saved_comes_back(tmp_path_factory: pytest.TempPathFactory, state: WorkspaceState) -> None:
    store = Store(Config(Path()), tmp_path_factory.mktemp("w"))
    store.save("mine", state)
    assert store.load("mine") == state
    assert store.names() == ["default", "mine"]


@given(st.binary(max_size=200))
def test_a_file_that_is_no_workspace_is_told_in_one_line_and_kept(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bad.json")
        path.write_bytes(content)
        with pytest.raises(BadWorkspace) as told:
            Store(Config(Path()), Path(folder)).load("bad")
        assert "\n" not in str(told.value)
        assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 41, "a\nb"])
def test_a_name_that_could_leave_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadWorkspace, match="a workspace is called by"):
        Store(Config(Path()), tmp_path).load(name)


def test_workspaces_of_the_configuration_are_there_and_a_new_name_begins_as_usual(tmp_path: Path) -> None:
    config = Config(
        Path(),
        sessions={"notes": SessionTable("transcribe", model="flux"), "voice": SessionTable("speak")},
        workspaces={"work": WorkspaceTable(("notes", "voice"))},
    )
    store = Store(config, tmp_path)
    assert store.names() == ["default", "work"]
    work = store.load("work")
    assert [(pane.title, pane.table.model, pane.listens) for pane in work.panes] == [
        ("notes", "flux", True),
        ("voice", "", False),
    ]
    assert store.load("new") == usual()


@pytest.mark.anyio
async def test_a_small_screen_shows_the_front_pane_and_a_strip_of_all() -> None:
    app = Still(BUSY)
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn_once(pilot)
        await pilot.press("f2")
        assert [pane.display for pane in app.panes] == [True, False, False]
        assert "1 Transcribe" in screen_text(app) and "▶ 2 Speak" in screen_text(app)
        await pilot.press("tab")
        assert [pane.display for pane in app.panes] == [False, True, False]
        await pilot.press("shift+tab", "shift+tab")
        assert [pane.display for pane in app.panes] == [False, False, True]
        await pilot.click("#strip", offset=(3, 0))
        assert [pane.display for pane in app.panes] == [True, False, False]
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert all(pane.display for pane in app.panes)


@pytest.mark.anyio
async def test_panes_move_and_zoom() -> None:
    app = Still(BUSY)
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn_once(pilot)
        await pilot.press("f2")
        await app.action_perform("move_on")
        assert [pane.session for pane in app.panes] == ["speak", "transcribe", "converse"]
        await app.action_perform("move_back")
        await app.action_perform("move_back")
        assert [pane.session for pane in app.panes] == ["speak", "converse", "transcribe"]
        await app.action_perform("zoom")
        await pilot.pause()
        assert [pane.display for pane in app.panes] == [False, False, True]
        await app.action_perform("zoom")
        assert all(pane.display for pane in app.panes)


@pytest.mark.anyio
async def test_a_group_is_driven_by_one_prompt() -> None:
    app = Still(deck(session("speak"), session("speak-2", kind="speak"), session("speak-3", kind="speak")))
    async with app.run_test(size=(120, 40)) as pilot:
        await drawn_once(pilot)
        for pane in app.panes[:2]:
            app.go_to(pane)
            await app.action_perform("compare")
        app.asked.clear()
        await type_text(pilot, "hello")
        await pilot.press("enter")
        await pilot.pause()
        assert {name for name, action in app.asked if action == Say("hello")} == {"speak", "speak-2"}


def test_a_title_is_no_markup() -> None:
    assert pane_for("speak", SessionTable("speak"), "[/x] [bold]").name_shown == "[/x] [bold]"


@pytest.mark.anyio
async def test_a_refused_title_is_told() -> None:
    app = Still(deck(session("speak")))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await drawn_once(pilot)
        app.refusal = "not now"
        await app.action_perform("rename")
        await type_text(pilot, "x")
        await pilot.press("enter")
        await until(pilot, lambda shown: "not now" in shown)


@pytest.mark.anyio
async def test_a_closed_pane_comes_back_with_all_it_held(embedded: Gateway, tmp_path: Path) -> None:
    app = make_deck(embedded, tmp_path)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda shown: "3 of 3 open" in shown)
        await type_text(pilot, "how do I save")
        await pilot.press("enter")
        await until(pilot, lambda shown: "Control S" in shown)
        await type_text(pilot, "a draft")
        await app.action_perform("close")
        await until(pilot, lambda shown: "2 of 2 open" in shown and "Control S" not in shown)
        await app.action_perform("undo_close")
        await until(
            pilot, lambda shown: all(word in shown for word in ("3 of 3 open", "Control S", "a draft"))
        )
        assert [pane.session for pane in app.panes] == ["transcribe", "speak", "converse"]
        await app.action_perform("duplicate")
        await until(pilot, lambda shown: "4 of 4 open" in shown)
        assert [pane.session for pane in app.panes][-1] == "converse-2"


@pytest.mark.anyio
async def test_a_workspace_is_as_it_was_left(embedded: Gateway, tmp_path: Path) -> None:
    app = make_deck(embedded, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda shown: "3 of 3 open" in shown)
        await type_text(pilot, "not yet sent")
        app.go_to(app.panes[0])
        await app.action_perform("close")
        await pilot.press("ctrl+q")
    state = Store(Config(Path())).load("default")
    assert [(pane.name, pane.draft) for pane in state.panes] == [("speak", ""), ("converse", "not yet sent")]
    assert msgspec.json.decode(msgspec.json.encode(state), type=WorkspaceState) == state
