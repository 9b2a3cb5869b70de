"""Which function a response of OpenAI Realtime calls, and what functions gave back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sessions.local.openai_conversation import Item
from sessions.local.tool_calls import asked_for, spoken_result


@dataclass(frozen=True)
class Tool:
    name: str
    schema: dict[str, Any]


def call(settings: dict[str, Any], items: Sequence[Item], question: str) -> tuple[str, dict[str, Any]] | None:
    """Return the name and the arguments of the function that a response is to call, if any.

    `tool_choice` may demand one; `auto` calls what the question names. What a function has just given
    back is told first, whatever the choice, so that a choice of the whole session does not go round.
    """
    choice = settings["tool_choice"]
    tools = [
        Tool(tool["name"], tool.get("parameters") or {})
        for tool in settings["tools"]
        if tool["type"] == "function"
    ]
    if choice == "none" or not tools or outputs(items):
        return None
    if isinstance(choice, dict):
        tools = [tool for tool in tools if tool.name == choice["name"]]
    named = asked_for(question, tools)
    if named is None and choice != "auto":
        named = asked_for(f"{tools[0].name} {question}", tools[:1])
    return named


def outputs(items: Sequence[Item]) -> list[str]:
    """Return a sentence for each output of a function that nothing was said about yet."""
    names = {item.wire.get("call_id"): item.wire.get("name") for item in items if item.wire.get("name")}
    found: list[str] = []
    for item in reversed(items):
        if item.wire["type"] == "message":
            break
        if item.wire["type"] == "function_call_output":
            name = names.get(item.wire["call_id"]) or "the function"
            found.insert(0, spoken_result(name, item.wire["output"]))
    return found
