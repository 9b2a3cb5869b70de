"""What all panes have: a frame that tells what the session is and does, a log, and perhaps a prompt."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, cast

from rich.text import Text
from textual.containers import Vertical
from textual.events import Resize
from textual.geometry import Region
from textual.widget import Widget

from sessions.config import SessionTable
from sessions.live.actions import Action, Rename, Reopen, Save, Say
from sessions.state.log import Entry
from sessions.state.snapshot import DeckView, SessionView
from sessions.text import one_line, plain
from tui.panes.frame import facts, frame_title, remarks_in
from tui.widgets.line_log import LineLog

if TYPE_CHECKING:
    from tui.widgets.prompt import Prompt
    from tui.widgets.pulse import Pulse
    from tui.widgets.trouble import Trouble


class Deck(Protocol):
    """What a pane asks of the app."""

    save_into: Path

    async def do(self, pane: "Pane", action: Action) -> bool: ...

    def name_of(self, session: str) -> str:
        """What the pane of a session is called on the screen."""
        ...

    def keys_of(self, action: str) -> str: ...


def deck_of(pane: "Pane") -> Deck:
    """The app, as a pane knows it."""
    return cast(Deck, pane.app)


class _Keys:
    """The keys of each action by its id; one without any is found in the palette."""

    def __init__(self, keys_of: Callable[[str], str]) -> None:
        self._keys_of = keys_of

    def __getitem__(self, action: str) -> str:
        return self._keys_of(action) or "Ctrl+P"


class Pane(Vertical):
    """Shows one session. It reads views and asks the deck for actions; it never touches a session."""

    TITLE = ""
    EMPTY = ""
    """What an empty pane tells; an action's id in braces stands for its keys."""
    PLACEHOLDER = ""
    """Of the prompt; a pane without one has none."""

    def __init__(self, session: str, table: SessionTable, title: str = "") -> None:
        super().__init__(classes=f"pane {table.kind}")
        self.session = session
        self.table = table
        """What was asked for when its session was opened."""
        self.view: SessionView | None = None
        self.deck: DeckView | None = None
        self.title = title
        """What its user calls it; empty for the usual name."""
        self.number = 0
        """Its place in the workspace, from 1."""
        self.grouped = False
        """One prompt and one microphone drive it together with others."""
        self.prompt: Prompt | None = None
        self._draft = ""
        self._history: list[str] = []
        self._frame = ("", "")
        self._edge: Region | None = None
        """The part of the frame that is being written, relative to what is in it."""
        self._trouble: Trouble | None = None
        self._pulse: Pulse | None = None
        self.border_title = Text(self.name_shown)

    @property
    def name_shown(self) -> str:
        return one_line(self.title, 40) or self.TITLE

    async def fill(self) -> None:
        """Mount what is inside the frame, which alone is painted first: a third of the start is saved."""
        # A text area alone takes 5 ms to import.
        from tui.widgets.prompt import Prompt  # noqa: PLC0415
        from tui.widgets.pulse import Pulse  # noqa: PLC0415
        from tui.widgets.trouble import Trouble  # noqa: PLC0415

        log = self.make_log()
        self._trouble, self._pulse = Trouble(), Pulse()
        if self.PLACEHOLDER:
            self.prompt = Prompt(self.PLACEHOLDER)
            self.prompt.earlier = self._history
            self.prompt.text = self._draft
        else:
            log.can_focus = True
        below = [self._trouble, self._pulse, *([self.prompt] if self.prompt else [])]
        await self.mount_all([log, *self.status(), *below])

    def make_log(self) -> Widget:
        """Return what shows what was said and heard."""
        return LineLog(self.invitation)

    @property
    def invitation(self) -> str:
        """What an empty pane tells, with the keys in force."""
        return self.EMPTY.format_map(_Keys(deck_of(self).keys_of))

    def status(self) -> list[Widget]:
        """Return what stands between log and prompt."""
        return []

    @property
    def log_view(self) -> LineLog:
        return self.query_one(LineLog)

    @property
    def entry_point(self) -> Widget:
        """What gets the focus; the frame itself while there is nothing in it."""
        return self.prompt or next(iter(self.query(LineLog)), self)

    @property
    def draft(self) -> str:
        """What stands in the prompt, not yet sent."""
        return self.prompt.text if self.prompt else self._draft

    @draft.setter
    def draft(self, text: str) -> None:
        self._draft = text
        if self.prompt:
            self.prompt.text = text

    @property
    def history(self) -> list[str]:
        """The texts sent before, oldest first."""
        return self.prompt.earlier if self.prompt else self._history

    @history.setter
    def history(self, texts: list[str]) -> None:
        self._history = texts
        if self.prompt:
            self.prompt.earlier = texts

    def take(self, view: SessionView, deck: DeckView) -> None:
        """Know the session as it is now, in sight or not."""
        self.view, self.deck = view, deck
        self.title = view.title
        self.table = view.table or self.table

    def show(self, view: SessionView, deck: DeckView) -> None:
        """Draw the session as it is now."""
        self._show_frame(view, deck)
        fault = (Entry("fault", view.notice),) if view.notice else ()
        self.show_log(view, fault)
        if self._pulse:
            self._pulse.show(view, deck)
        self.set_class(view.phase == "failed", "failed")

    def tick(self) -> None:
        """Draw what goes by time, be the view the same: the frame."""
        if self.view and self.deck:
            self._show_frame(self.view, self.deck)

    def show_log(self, view: SessionView, fault: tuple[Entry, ...]) -> None:
        self.log_view.show(view.log, view.live + fault)

    def state(self, view: SessionView) -> str:
        """The session's state in a word, for the frame."""
        return view.phase

    def remarks(self, view: SessionView, deck: DeckView) -> list[str]:
        """What the user should know about the sound of this pane, the most urgent first."""
        return []

    def text(self) -> str:
        """The pane's text, for the clipboard."""
        if self.view is None:
            return ""
        entries = [*self.view.log, *self.view.live]
        return "\n".join(f"{entry.text} {entry.tail}".strip() for entry in entries)

    async def do(self, action: Action) -> bool:
        """Have the session carry it out, and tell the user what came of it; return whether it was done."""
        return await deck_of(self).do(self, action)

    def say_to_user(self, text: str, *, warning: bool = False) -> None:
        self.app.notify(
            one_line(text),
            title=self.name_shown,
            severity="warning" if warning else "information",
            markup=False,
        )

    async def say(self, text: str) -> None:
        """Send what was typed; it comes back into the prompt when it cannot be sent."""
        if not await self.do(Say(text)) and self.prompt:
            self.prompt.give_back(text)

    async def on_prompt_sent(self, event: "Prompt.Sent") -> None:
        event.stop()
        await self.say(event.text)

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.height < 8, "-short")
        self.tick()

    # What every pane can do

    async def action_save(self) -> None:
        await self.do(Save(deck_of(self).save_into))

    async def action_reopen(self) -> None:
        await self.do(Reopen())

    def action_inspector(self) -> None:
        from tui.screens.inspector import InspectorScreen  # noqa: PLC0415 - when first opened

        if self.view:
            self.app.push_screen(InspectorScreen(self.view, deck_of(self).save_into))

    async def action_find(self) -> None:
        from tui.widgets.find_bar import open_find  # noqa: PLC0415 - when first wanted

        await open_find(self, self.log_view)

    def action_copy(self) -> None:
        """Copy what is selected, or else all."""
        text = self.screen.get_selected_text() or self.text()
        if text:
            self.app.copy_to_clipboard(plain(text))
            self.say_to_user("copied")

    def action_scroll_log(self, direction: int) -> None:
        log = self.log_view
        (log.scroll_page_up if direction < 0 else log.scroll_page_down)(animate=False)

    async def rename(self, title: str) -> None:
        await self.do(Rename(title))

    def _show_frame(self, view: SessionView, deck: DeckView) -> None:
        room = self.size.width - 4
        title = frame_title(self, view, self.state(view), room)
        remarks, too_long = remarks_in(view, self.remarks(view, deck), facts(view), room)
        if (title, remarks) != self._frame:
            before, self._frame = self._frame, (title, remarks)
            top, bottom = -self.gutter.top, self.content_size.height + self.gutter.bottom - 1
            if title != before[0]:
                self._edge = Region(-self.gutter.left, top, self.outer_size.width, 1)
                self.border_title = Text(title)
            if remarks != before[1]:
                self._edge = Region(-self.gutter.left, bottom, self.outer_size.width, 1)
                self.border_subtitle = Text(remarks)
            self._edge = None
        if self._trouble:
            self._trouble.show(too_long)

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Of a new title only its line is painted: all that is in the pane are 10 kB and more."""
        if self._edge:
            regions = (self._edge,)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
