"""The functions that a model wants carried out, and a field for their outcome."""

import msgspec
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from sessions.state.snapshot import ToolRequest
from sessions.text import one_line, plain
from tui.widgets.line import Line
from tui.widgets.text_line import TextLine

LINES = 5
"""Of the arguments that are shown."""
_LONGEST = 400
"""Characters of a line of them."""
DECLINED = "the user declined"
"""Why a function failed, where its user gives no reason."""


class ToolCalls(Vertical):
    """In sight while a call waits, the oldest first. It never takes the focus by itself."""

    class Answered(Message):
        def __init__(self, call: str, output: str, *, failed: bool) -> None:
            super().__init__()
            self.call, self.output, self.failed = call, output, failed

    def __init__(self) -> None:
        super().__init__()
        self._waiting: tuple[ToolRequest, ...] = ()
        self.display = False

    def compose(self) -> ComposeResult:
        yield Line(name="call")
        yield Static(id="arguments", markup=False)
        yield TextLine(
            placeholder="Its outcome, JSON or text · Enter: answer · Esc: later", id="outcome", compact=True
        )
        yield Line(name="call-keys")

    @property
    def field(self) -> TextLine:
        return self.query_one("#outcome", TextLine)

    @property
    def waiting(self) -> ToolRequest | None:
        """The call that is shown."""
        return self._waiting[0] if self._waiting else None

    def show(self, calls: tuple[ToolRequest, ...], answer_keys: str, fail_keys: str) -> None:
        """Show what of these waits. The keys are those that go to the field, and that answer as failed."""
        waiting = tuple(call for call in calls if call.state == "waiting")
        if waiting == self._waiting:
            return
        before, self._waiting = self.waiting, waiting
        self.display = bool(waiting)
        if not waiting:
            self.field.value = ""
            return
        more = f" · {len(waiting) - 1} more behind it" if len(waiting) > 1 else ""
        self.query_one("#call", Line).show(
            ("? ", "warning"),
            (one_line(waiting[0].name, 60), "strong"),
            (f" waits for its outcome{more}", ""),
        )
        keys = f"{answer_keys}: answer · {fail_keys}: failed"
        self.query_one("#call-keys", Line).show((keys, "aside"))
        if waiting[0] != before:
            # What was written was meant for the call before.
            self.field.value = ""
            self.query_one("#arguments", Static).update(
                Text(folded(waiting[0].arguments), no_wrap=True, overflow="ellipsis")
            )

    def fail(self) -> None:
        """Answer the call as failed."""
        if self.waiting:
            reason = self.field.value.strip() or DECLINED
            self.post_message(self.Answered(self.waiting.call, reason, failed=True))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.waiting and event.value.strip():
            self.post_message(self.Answered(self.waiting.call, event.value.strip(), failed=False))


def folded(arguments: str, lines: int = LINES) -> str:
    """Return JSON indented, safe to show, in at most `lines` lines; what is no JSON stays as it is."""
    try:
        pretty = msgspec.json.format(arguments, indent=2)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pretty = arguments
    # Of a long line no more than could be seen: it may be megabytes.
    every = [plain(line[:_LONGEST]) for line in pretty.splitlines()]
    if len(every) <= lines:
        return "\n".join(every)
    return "\n".join([*every[: lines - 1], f"… {len(every) - lines + 1} more lines"])
