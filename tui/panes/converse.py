"""The pane of a conversation: both sides' words, the functions that the model asks for, turns said anew."""

from typing import Protocol, cast

import msgspec
from textual.widget import Widget

from sessions.commands import ImpossibleCommand
from sessions.live.actions import Action, AnswerCall, Change, Inform, Instruct, Resend, Stop
from sessions.state.snapshot import DeckView, SessionView
from tui.panes.exporting import ExportingPane
from tui.panes.pane import deck_of
from tui.panes.sound import hearing_remarks, speaking_remarks
from tui.widgets.line import Line
from tui.widgets.tool_calls import ToolCalls
from tui.widgets.usage import UsagePicture
from tui.words import microphone_state


class _Deck(Protocol):
    """What a conversation asks of the app, beside what every pane does."""

    async def carry_out(self, session: str, action: Action) -> str: ...

    def keys_of(self, action: str) -> str: ...


class ConversePane(ExportingPane):
    TITLE = "Converse"
    EMPTY = "Ask by text, or press {listen} and speak. {stop} stops an answer, and so does speaking."
    PLACEHOLDER = "Ask something, such as: which keys are there?"

    _put_aside: str | None = None
    """What stood in the prompt before the turn that is being edited there."""

    def status(self) -> list[Widget]:
        editing = Line("✎ editing your latest turn · Enter: send it anew · Esc: leave it")
        editing.add_class("editing")
        editing.display = False
        return [UsagePicture(), ToolCalls(), editing]

    def show(self, view: SessionView, deck: DeckView) -> None:
        super().show(view, deck)
        keys_of = cast(_Deck, self.app).keys_of
        for calls in self.query(ToolCalls):
            if calls.has_focus_within and not _waits(view):
                self.entry_point.focus()
            calls.show(view.calls, keys_of("answer_call"), keys_of("fail_call"))
        for picture in self.query(UsagePicture):
            picture.show(view.usage, view.cost)

    def state(self, view: SessionView) -> str:
        if view.phase != "ready":
            return view.phase
        if _waits(view):
            return "asks for a function"
        if view.answering:
            return "paused" if view.paused else "answering"
        return microphone_state(view) if _listens(view) else "ready"

    def remarks(self, view: SessionView, deck: DeckView) -> list[str]:
        microphone = [microphone_state(view)] if view.answering and _listens(view) else []
        return [
            *microphone,
            *speaking_remarks(view, deck, deck_of(self).name_of),
            *hearing_remarks(view, deck),
        ]

    async def say(self, text: str) -> None:
        if self._put_aside is None:
            await super().say(text)
        elif not await self.do(Resend(text)):
            self._write(text)
        else:
            self._end_editing()

    async def on_tool_calls_answered(self, event: ToolCalls.Answered) -> None:
        event.stop()
        await self.do(AnswerCall(event.call, event.output, event.failed))

    async def action_stop(self) -> None:
        """Esc leaves what was begun last: a call's field, an edited turn, then the answer itself."""
        if self.query_one(ToolCalls).has_focus_within:
            self.entry_point.focus()
        elif self._put_aside is not None and self.prompt:
            self.prompt.remember(self.prompt.text)
            self.prompt.text = ""
            self._end_editing()
        else:
            await self.do(Stop())

    def action_answer_call(self) -> None:
        calls = self.query_one(ToolCalls)
        if calls.waiting:
            calls.field.focus()
        else:
            self._no_call()

    def action_fail_call(self) -> None:
        calls = self.query_one(ToolCalls)
        if calls.waiting:
            calls.fail()
        else:
            self._no_call()

    def action_edit_turn(self) -> None:
        if self.prompt is None or self.view is None or self._put_aside is not None:
            return
        text = latest_turn(self.view)
        if not text:
            self.say_to_user("you have said nothing yet that could be edited", warning=True)
            return
        self._put_aside = self.prompt.text
        self.prompt.take_up(text)
        self.query_one(".editing").display = True
        self.prompt.focus()

    async def action_inform(self) -> None:
        if self.prompt is None or not (text := self.prompt.text.strip()):
            self.say_to_user("write into the prompt first what the model should know", warning=True)
        elif await self.do(Inform(text)):
            self.prompt.remember(text)
            self.prompt.text = ""

    def action_tokens(self) -> None:
        picture = self.query_one(UsagePicture)
        picture.display = not picture.display

    def action_instructions(self) -> None:
        from tui.screens.instructions import InstructionsScreen  # noqa: PLC0415 - when first opened

        self.app.push_screen(InstructionsScreen(self.name_shown, self.table.instructions), self._instruct)

    async def _instruct(self, text: str | None) -> None:
        """Change the instructions in the open session, or else open it anew with them."""
        if text is None or text == self.table.instructions:
            return
        try:
            self.say_to_user(await cast(_Deck, self.app).carry_out(self.session, Instruct(text)))
        except ImpossibleCommand as error:
            if await self.do(Change(msgspec.structs.replace(self.table, instructions=text))):
                self.say_to_user(f"{error}: it begins anew with these")

    def _write(self, text: str) -> None:
        if self.prompt:
            self.prompt.text = text

    def _end_editing(self) -> None:
        aside, self._put_aside = self._put_aside, None
        self.query_one(".editing").display = False
        if self.prompt and aside:
            self.prompt.give_back(aside)

    def _no_call(self) -> None:
        self.say_to_user("no function call waits here", warning=True)


def latest_turn(view: SessionView) -> str:
    """What the user said last, by text or by voice; empty if nothing."""
    entries = (*reversed(view.live), *reversed(view.log))
    return next((entry.text or entry.tail for entry in entries if entry.role == "user"), "")


def _waits(view: SessionView) -> bool:
    return any(call.state == "waiting" for call in view.calls)


def _listens(view: SessionView) -> bool:
    return view.listening or view.microphone == "push-to-talk"
