"""A list of the microphones or speakers that can be chosen."""

from rich.text import Text
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from sessions.audio.view import Choice
from sessions.text import one_line
from tui.words import route_in_a_word

DEFAULT = Choice("", "the system's default", "device")


class DeviceList(OptionList):
    """Enter or a click chooses. The cursor stays on its device when the list is another."""

    class Chosen(Message):
        """`device` is an id; empty for the system's default."""

        def __init__(self, devices: "DeviceList", device: str) -> None:
            super().__init__()
            self.devices, self.device = devices, device

        @property
        def control(self) -> "DeviceList":
            return self.devices

    def __init__(self, title: str, name: str) -> None:
        super().__init__(id=name, compact=True, markup=False)
        self.border_title = title
        self._choices: tuple[Choice, ...] = ()
        self._chosen = ""

    def show(self, choices: tuple[Choice, ...], chosen: str) -> None:
        choices = (DEFAULT, *choices)
        if (choices, chosen) == (self._choices, self._chosen):
            return
        at = self._choices[self.highlighted].id if self.highlighted is not None else chosen
        self._choices, self._chosen = choices, chosen
        self.set_options(Option(_row(choice, chosen)) for choice in choices)
        places = [number for number, choice in enumerate(choices) if choice.id == at]
        self.highlighted = places[0] if places else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen(self, self._choices[event.option_index].id))


def _row(choice: Choice, chosen: str) -> Text:
    """`●` stands before what is chosen."""
    name = one_line(choice.name, 80)
    asides = ["default"] if choice.default else []
    route = route_in_a_word(choice.route, choice.name)
    if choice.route != "device" and not name.startswith(route):
        asides.append(route)
    asides.append(one_line(choice.detail, 60))
    text = Text(f"{'●' if choice.id == chosen else ' '} {name}")
    text.append("".join(f" · {aside}" for aside in asides if aside), "dim")
    return text
