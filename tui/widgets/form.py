"""A form of a session's settings: a field each, built from the catalogue."""

from typing import ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Select, Static

from sessions.config import SessionTable
from sessions.openings import BadSetting, chosen
from sessions.providers.catalogue import Offer, UnknownModel
from sessions.providers.settings import Setting, Value, WrongValue
from sessions.text import one_line
from tui.widgets.text_line import TextLine
from tui.widgets.text_lines import TextLines

_OTHER = object()
"""Of a list of choices: what none of them is, and is written beside it."""
_NOTHING = "not set"


class Field(Vertical):
    """One setting: its label, its value in a control, and below it what is wrong with that."""

    def __init__(self, setting: Setting, value: Value) -> None:
        super().__init__()
        self.setting = setting
        self._text = setting.write(value)
        if self._text == setting.default and setting.kind != "flag":
            self._text = ""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(self.setting.label, classes="label", markup=False)
            yield from self._controls()
        yield Static(classes="wrong", markup=False)

    def _controls(self) -> ComposeResult:
        setting, text = self.setting, self._text
        if setting.kind == "lines":
            yield TextLines(text, placeholder=_NOTHING)
            return
        listed = ("off", "on") if setting.kind == "flag" else setting.choices
        is_open = setting.kind == "text" or not listed
        is_other = is_open and bool(text) and text not in listed
        if listed:
            options: list[tuple[str | Content, object]] = [
                (each, each) for each in listed if each != setting.default
            ]
            if setting.kind == "flag":
                options = [(each, each) for each in listed]
            else:
                options.insert(0, (f"{setting.default} (default)" if setting.default else _NOTHING, ""))
            if is_open:
                options.append(("another…", _OTHER))
            elif text and text not in listed:  # it is wrong, as will be told
                options.append((Content(one_line(text, 60)), text))
            yield Select(options, allow_blank=False, compact=True, value=_OTHER if is_other else text)
        if is_open:
            line = TextLine(one_line(text, 1000), placeholder=setting.default or _NOTHING, compact=True)
            line.cursor_blink = False
            line.display = is_other or not listed
            yield line

    @property
    def text(self) -> str:
        """What is chosen or written."""
        for select in self.query(Select):
            if select.value is not _OTHER:
                return str(select.value)
        for area in self.query(TextLines):
            return area.text
        return self.query_one(Input).value

    def read(self) -> Value:
        """Raises WrongValue."""
        return self.setting.read(self.text)

    def complain(self, why: str) -> None:
        """Mark the field as wrong and say why; with an empty text it is right."""
        self.set_class(bool(why), "-wrong")
        self.query_one(".wrong", Static).update(f"! {one_line(why)}" if why else "")

    @property
    def control(self) -> Widget:
        """What takes the keys."""
        controls = [each for each in self.query("Select, TextLines, Input") if each.display]
        return controls[-1]

    def on_descendant_focus(self) -> None:
        self.add_class("-current")
        self.scroll_visible(animate=False)

    def on_descendant_blur(self) -> None:
        self.remove_class("-current")

    def on_select_changed(self, event: Select.Changed) -> None:
        event.stop()
        for line in self.query(Input):
            line.display = event.value is _OTHER
            if line.display and self.query_one(Select).has_focus:
                line.focus()


class SettingsForm(Vertical):
    """The settings of one offer, set as `table` has them. What is typed stays, right or wrong."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s,ctrl+enter", "done", "Done", show=False)]

    class Done(Message):
        """The user is content with the settings, and so is the catalogue."""

        def __init__(self, form: "SettingsForm", table: SessionTable) -> None:
            super().__init__()
            self.form, self.table = form, table

        @property
        def control(self) -> "SettingsForm":
            return self.form

    def __init__(self, offer: Offer, table: SessionTable, done: str) -> None:
        """`done`: what the button says."""
        super().__init__()
        self._offer, self._table, self._done = offer, table, done
        model = table.model or offer.models[0]
        self._settings = offer.settings_of(offer.takes(model) or model)
        if offer.open_list:
            help_text = "One of those that are known, or another by its name"
            models = Setting("model", "Model", help_text, default=offer.models[0], choices=offer.models)
            self._settings = (models, *self._settings)

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            for setting in self._settings:
                yield Field(setting, getattr(self._table, setting.name))
        yield Static(classes="help", markup=False)
        yield Button(self._done, compact=True)

    def begin(self, name: str = "") -> None:
        """Give the focus to a field, or to the first."""
        if self._settings:
            self._field(name or self._settings[0].name).control.focus()
        else:
            self.query_one(Button).focus()

    def warn(self, why: str) -> None:
        """Tell what is wrong beside the fields."""
        self._tell(f"! {one_line(why)}", warning=True)

    def complain(self, name: str, why: str) -> None:
        """Mark a field as wrong, and go there."""
        self._field(name).complain(why)
        self.begin(name)

    def _field(self, name: str) -> Field:
        return next(field for field in self.query(Field) if field.setting.name == name)

    def read(self) -> SessionTable | None:
        """Return the settings; nothing, and each field at fault marked, where one is wrong."""
        values: dict[str, Value] = {}
        wrong: dict[str, str] = {}
        for field in self.query(Field):
            field.complain("")
            try:
                values[field.setting.name] = field.read()
            except WrongValue as error:
                wrong[field.setting.name] = str(error)
        if self._offer.open_list:
            values["model"] = values.get("model") or self._offer.models[0]
        table = replace(self._table, provider=self._offer.provider, **values)
        if not wrong:
            try:
                chosen(table)
                return table
            except BadSetting as error:
                wrong[error.name] = error.why
            except UnknownModel as error:
                wrong["model"] = str(error)
        for name, why in wrong.items():
            self._field(name).complain(why)
        self.begin(next(iter(wrong)))
        return None

    def action_done(self) -> None:
        if table := self.read():
            self.post_message(self.Done(self, table))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_done()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_done()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        fields = [each for each in event.widget.ancestors if isinstance(each, Field)]
        self._tell(fields[0].setting.help if fields else "")

    def _tell(self, text: str, *, warning: bool = False) -> None:
        below = self.query_one(".help", Static)
        below.update(text)
        below.set_class(warning, "-warning")
