"""The conversation of an OpenAI Realtime session: its items, and what the assistant gets to read."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import anyio

from sessions.local.assistant import Message
from sessions.local.openai_config import BadEvent

_CONTENT_TYPES = {
    "user": {"input_text", "input_audio", "input_image"},
    "system": {"input_text"},
    "assistant": {"output_text", "output_audio"},
}


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:20]}"


@dataclass
class Item:
    """`wire` is the item as events carry it; `settled` is set once its text will not change any more."""

    wire: dict[str, Any]
    seconds: float = 0.0
    settled: anyio.Event = field(default_factory=anyio.Event)

    @property
    def id(self) -> str:
        return str(self.wire["id"])

    @property
    def text(self) -> str:
        parts = (part.get("text") or part.get("transcript") or "" for part in self.wire.get("content", []))
        return " ".join(part for part in parts if part)


def spoken_item() -> Item:
    """The item of an utterance whose words are not known yet."""
    return _message("user", "completed", [{"type": "input_audio", "transcript": None}])


def call_item(name: str) -> Item:
    """The item of a function call whose arguments are still to come."""
    call = {"type": "function_call", "status": "in_progress", "name": name, "call_id": new_id("call")}
    return Item({"id": new_id("item"), "object": "realtime.item", **call, "arguments": ""})


def answer_item() -> Item:
    return _message("assistant", "in_progress", [])


def _message(role: str, status: str, content: list[dict[str, Any]]) -> Item:
    return Item(
        {
            "id": new_id("item"),
            "object": "realtime.item",
            "type": "message",
            "status": status,
            "role": role,
            "content": content,
        }
    )


class Conversation:
    def __init__(self) -> None:
        self.id = new_id("conv")
        self._items: list[Item] = []

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Put the item at the end, or `after` an item or "root"; return the id of the one before it."""
        at = len(self._items)
        if after is not None:
            at = 0 if after == "root" else self._items.index(self.get(after, "previous_item_id")) + 1
        self._items.insert(at, item)
        return self._items[at - 1].id if at else None

    def get(self, item_id: Any, param: str = "item_id") -> Item:
        for item in self._items:
            if item.id == item_id:
                return item
        raise BadEvent("item_not_found", f"The item {item_id!r} does not exist.", param)

    def parse(self, wire: Any) -> Item:
        """Return the item of a `conversation.item.create`; raises `BadEvent`."""
        item = parse_item(wire)
        if any(item.id == other.id for other in self._items):
            raise BadEvent("invalid_value", f"The item {item.id!r} exists already.", "item.id")
        return item

    def delete(self, item_id: Any) -> None:
        self._items.remove(self.get(item_id))

    def truncate(self, item_id: Any, content_index: Any, audio_end_ms: Any) -> None:
        """Forget what was not heard of spoken answer; its transcript goes with it."""
        item = self.get(item_id)
        if item.wire.get("role") != "assistant" or not item.seconds:
            raise BadEvent("invalid_value", "Only an assistant's audio can be truncated.", "item_id")
        if content_index != 0:
            raise BadEvent("invalid_value", "The item has one content part, 0.", "content_index")
        if not isinstance(audio_end_ms, int) or audio_end_ms < 0 or audio_end_ms > round(item.seconds * 1000):
            message = f"Audio content of {round(item.seconds * 1000)} ms is shorter than {audio_end_ms} ms."
            raise BadEvent("invalid_value", message, "audio_end_ms")
        item.seconds = audio_end_ms / 1000
        item.wire["content"] = [{"type": "output_audio"}]

    def items(self, wanted: list[Any] | None) -> list[Item]:
        """Return all items, or those that the `input` of a `response.create` names or contains."""
        if wanted is None:
            return list(self._items)
        return [
            self.get(wire.get("id"), "response.input")
            if isinstance(wire, dict) and wire.get("type") == "item_reference"
            else parse_item(wire)
            for wire in wanted
        ]


async def history(instructions: str, items: list[Item]) -> list[Message]:
    """Wait until all words are known and return what the assistant gets to read."""
    messages = [Message("system", instructions)] if instructions else []
    for item in items:
        await item.settled.wait()
        if item.wire["type"] == "message" and (item.text or item.wire["role"] == "user"):
            messages.append(Message(item.wire["role"], item.text))
    return messages


def parse_item(wire: Any) -> Item:
    """Return a client's item with what is missing filled in; raises `BadEvent`."""
    kind = wire.get("type") if isinstance(wire, dict) else None
    if kind not in {"message", "function_call", "function_call_output"}:
        raise BadEvent("invalid_value", f"Invalid value for 'item.type': {kind!r}.", "item.type")
    item = {"id": new_id("item"), "object": "realtime.item", "status": "completed", **wire}
    if kind == "message":
        item["content"] = _content(wire)
    else:
        _check_call(wire, ["call_id", "output" if kind == "function_call_output" else "arguments"])
    parsed = Item(item)
    parsed.settled.set()
    return parsed


def _check_call(wire: dict[str, Any], required: list[str]) -> None:
    for name in required:
        if not isinstance(wire.get(name), str):
            raise BadEvent(
                "missing_required_parameter", f"A {wire['type']} needs its {name}.", f"item.{name}"
            )


def _content(wire: dict[str, Any]) -> list[dict[str, Any]]:
    allowed = _CONTENT_TYPES.get(str(wire.get("role")))
    if allowed is None:
        raise BadEvent("invalid_value", "An item's role is user, system or assistant.", "item.role")
    content = wire.get("content")
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise BadEvent("missing_required_parameter", "A message needs a list of content.", "item.content")
    for number, part in enumerate(content):
        path = f"item.content[{number}]"
        if part.get("type") not in allowed:
            choices = ", ".join(sorted(allowed))
            raise BadEvent(
                "invalid_value", f"The type of this role's content is one of {choices}.", f"{path}.type"
            )
        if part["type"].endswith("_text") and not isinstance(part.get("text"), str):
            raise BadEvent("missing_required_parameter", "Text content needs its text.", f"{path}.text")
        if part["type"] == "input_audio" and not isinstance(part.get("transcript"), str):
            message = "Audio without a transcript goes through the input audio buffer."
            raise BadEvent("missing_required_parameter", message, f"{path}.transcript")
    return [{name: value for name, value in part.items() if name != "audio"} for part in content]
