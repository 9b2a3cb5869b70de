"""The list of what can be opened: the sessions of the configuration, and every offer by its models."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from rich.text import Text
from textual.events import Click
from textual.fuzzy import Matcher
from textual.widgets import OptionList
from textual.widgets.option_list import Option, OptionDoesNotExist

from sessions.config import Config, SessionTable
from sessions.providers.catalogue import OFFERS, Offer, UnknownModel, find
from sessions.text import one_line

_RECENT, _SAVED, _AGENT = "recent", "saved", "agent"
_KINDS = ("transcribe", "speak", "converse", _AGENT, "image")
_MARK_CELLS = 2


@dataclass(frozen=True)
class Choice:
    """A row that can be opened."""

    group: str
    """Its heading: a kind, `agent` or `saved`."""
    table: SessionTable
    offer: Offer | None
    """None where the configuration names what there is not."""
    model: str
    name: str = ""
    """Of a session that the configuration names."""

    @property
    def shown(self) -> str:
        return f"{self.provider} {self.short_model}"

    @property
    def provider(self) -> str:
        return self.offer.provider if self.offer else self.table.provider

    @property
    def short_model(self) -> str:
        return self.model.removeprefix("@cf/deepgram/")

    @property
    def searched(self) -> str:
        return f"{self.name} {self.group} {self.table.kind} {self.shown}"


def choices(config: Config) -> list[Choice]:
    """The sessions of the configuration, then every offer with each of its models, by kind."""
    offered = [
        Choice(
            _AGENT if offer.wants_agent else offer.kind,
            SessionTable(offer.kind, offer.provider, model),
            offer,
            model,
        )
        for offer in OFFERS
        for model in offer.models
    ]
    saved = []
    for name, table in config.sessions.items():
        offer, model = _found(table) or (None, table.model)
        saved.append(Choice(_SAVED, table, offer, model, name))
    return [*saved, *sorted(offered, key=lambda choice: _KINDS.index(choice.group))]


def _found(table: SessionTable) -> tuple[Offer, str] | None:
    with suppress(UnknownModel):
        return find(table.kind, table.provider or None, table.model or None)
    return None


class SessionList(OptionList):
    """Rows are known by their place in `choices`. The keys are those of the search above it.

    The first click on a row goes there, the next opens it; one on its mark marks it.
    """

    can_focus = False

    def __init__(self, config: Config, recent: Sequence[SessionTable]) -> None:
        """`recent`: what was opened lately comes first."""
        super().__init__(compact=True, markup=False)
        self.choices = choices(config)
        self.marked: list[int] = []
        self._recent = list(dict.fromkeys(at for table in recent if (at := self._place(table)) is not None))
        self._lacks: Mapping[int, str] = {}
        self._query: str | None = None

    @property
    def at(self) -> int | None:
        """The row under the cursor."""
        option = self.highlighted_option
        return int(option.id) if option and option.id else None

    def lack(self, at: int | None) -> str:
        """Why the row cannot be opened; nothing if it can, or that is not known yet."""
        return "" if at is None else self._lacks.get(at, "")

    def show_lacks(self, lacks: Mapping[int, str]) -> None:
        self._lacks = lacks
        self._fill(keep=True)

    def find(self, query: str) -> None:
        """Show what fits the query, the best first; all, by kind, where there is none."""
        if query != self._query:
            self._query = query
            self._fill(keep=False)

    def go_to(self, at: int) -> None:
        with suppress(OptionDoesNotExist):  # the search hides it
            self.highlighted = self.get_option_index(str(at))

    def toggle_mark(self, at: int) -> None:
        self.marked = (
            [each for each in self.marked if each != at] if at in self.marked else [*self.marked, at]
        )
        self._fill(keep=True)

    async def _on_click(self, event: Click) -> None:
        event.prevent_default()
        event.stop()
        row = event.style.meta.get("option")
        if row is None or self.get_option_at_index(row).disabled:
            return
        before, self.highlighted = self.highlighted, row
        if event.x < _MARK_CELLS:
            await self.run_action("screen.mark(0)")
        elif before == row:
            await self.run_action("screen.open")

    def _place(self, table: SessionTable) -> int | None:
        """Where a session is that was opened lately: under its own name, or by its model."""
        for at, choice in enumerate(self.choices):
            if choice.name and choice.table == table:
                return at
        found = _found(table)
        return next(
            (
                at
                for at, each in enumerate(self.choices)
                if not each.name and (each.offer, each.model) == found
            ),
            None,
        )

    def _fill(self, *, keep: bool) -> None:
        """Draw the rows anew; `keep` the cursor and what is in view, where they still are."""
        at, scroll = self.at, self.scroll_offset
        options: list[Option] = []
        for heading, places in self._groups():
            if heading:
                options.append(Option(Text(heading.capitalize(), "bold"), disabled=True))
            mixed = heading in ("", _RECENT)
            options += [Option(self._row(place, mixed=mixed), str(place)) for place in places]
        self.set_options(options or [Option(Text("nothing fits", "dim"), disabled=True)])
        if keep and at is not None:
            self.go_to(at)
            self.scroll_to(*scroll, animate=False)
        else:
            self.highlighted = next((row for row, each in enumerate(options) if each.id), None)
            self.scroll_home(animate=False)

    def _groups(self) -> list[tuple[str, list[int]]]:
        """Headings with their rows; what a search finds has none."""
        if words := (self._query or "").split():
            matchers = [Matcher(word) for word in words]
            scores = [[matcher.match(each.searched) for matcher in matchers] for each in self.choices]
            found = [at for at, each in enumerate(scores) if all(each)]
            order = {at: number for number, at in enumerate(self._recent)}
            found.sort(key=lambda at: (-sum(scores[at]), order.get(at, len(order))))
            return [("", found)]
        groups = {_RECENT: self._recent}
        for at, choice in enumerate(self.choices):
            if at not in self._recent:
                groups.setdefault(choice.group, []).append(at)
        return [(heading, places) for heading, places in groups.items() if places]

    def _row(self, at: int, *, mixed: bool) -> Text:
        """`●` stands before what is marked, `!` before what cannot be opened. `mixed`: with other kinds."""
        choice, lack = self.choices[at], self.lack(at)
        text = Text("●" if at in self.marked else "!" if lack else " ")
        if choice.name:
            text.append(f" {one_line(choice.name, 30):<11} ")
            text.append(one_line(f"{choice.table.kind} · {choice.shown}", 60), "dim")
        else:
            text.append(f" {choice.provider:<11} {choice.short_model:<22}")
            text.append(f" {choice.group}" if mixed else "", "dim")
        text.append(f"  {one_line(lack)}" if lack else "", "dim")
        return text
