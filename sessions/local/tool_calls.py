"""When a function is called and with which arguments: by rule, for no assistant here chooses functions.

A function is called when the user's text names it, in whatever case and with spaces or hyphens for its
underscores, so that it can be said aloud too. Arguments are taken from the text: `name=value` or
`name: value` first; then numbers, in order, for what is declared as a number; then the words after the
function's name for the first text that is required. What is required and not said is empty.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Protocol

_EMPTY: dict[str, Any] = {
    "string": "",
    "integer": 0,
    "number": 0.0,
    "boolean": False,
    "array": [],
    "object": {},
}
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")


class Declared(Protocol):
    """A declaration whose parameters are a JSON schema, types in either case."""

    @property
    def name(self) -> str: ...

    @property
    def schema(self) -> dict[str, Any]: ...


def asked_for(text: str, declared: Sequence[Declared]) -> tuple[str, dict[str, Any]] | None:
    """Return the name and the arguments of the first function that the text names."""
    for function in declared:
        pattern = r"[\s_-]+".join(re.escape(part) for part in re.split(r"[_-]+", function.name))
        named = re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
        if named:
            return function.name, _arguments(text, text[named.end() :], function.schema)
    return None


def spoken_result(name: str, result: Any) -> str:
    """Return a sentence that tells what a function gave back."""
    told = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    return f"{name.replace('_', ' ')} says: {told.rstrip('.')}."


def _arguments(text: str, rest: str, schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    required = schema.get("required") or []
    numbers = iter(_NUMBER.findall(rest))
    words = rest.strip(" \t\n.,:;!?\"'")
    arguments: dict[str, Any] = {}
    for name, declared in properties.items():
        kind = str(declared.get("type", "string")).lower() if isinstance(declared, dict) else "string"
        said = re.search(rf"(?<!\w){re.escape(name)}\s*[=:]\s*(\"[^\"]*\"|[^\s,;]+)", text, re.IGNORECASE)
        found = said[1].strip('"') if said else None
        if found is None and kind in {"integer", "number"}:
            found = next(numbers, None)
        if found is None and kind == "string" and name in required and words:
            found, words = words, ""
        value = _EMPTY.get(kind) if found is None else _typed(found, kind)
        if found is not None or name in required:
            arguments[name] = value
    return arguments


def _typed(said: str, kind: str) -> Any:
    if kind == "string":
        return said
    try:
        number = float(said) if kind in {"integer", "number"} else None
        if number is None:
            return json.loads(said)
        return round(number) if kind == "integer" else number
    except (ValueError, OverflowError):
        return _EMPTY.get(kind)
