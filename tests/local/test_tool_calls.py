"""Which function a text asks for, and with which arguments."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from sessions.local.tool_calls import asked_for, spoken_result


@dataclass
class Function:
    name: str
    schema: dict[str, Any] = field(default_factory=dict)


def function(name: str, *required: str, **types: str) -> Function:
    properties = {name: {"type": kind} for name, kind in types.items()}
    return Function(name, {"type": "object", "properties": properties, "required": list(required)})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("What is the weather?", None),
        ("forget_weather", None),
        ("get_weather", {"city": ""}),
        ("Get weather Berlin.", {"city": "Berlin"}),
        ("please GET-WEATHER for 3 days, city: Lyon", {"city": "Lyon", "days": 3}),
        ('get_weather city="New York" days=2', {"city": "New York", "days": 2}),
        ("get_weather Oslo days=many metric=true", {"city": "Oslo days=many metric=true", "days": 0}),
    ],
)
def test_a_function_is_called_when_it_is_named(text: str, wanted: dict[str, Any] | None) -> None:
    weather = function("get_weather", "city", city="STRING", days="INTEGER")
    found = asked_for(text, [function("other"), weather])
    assert found == (None if wanted is None else ("get_weather", wanted))


def test_values_have_the_declared_types() -> None:
    record = function("record", "list", value="number", ok="boolean", list="array", odd="unheard-of")
    assert asked_for("record -2.5 ok=true odd=[1]", [record]) == (
        "record",
        {"value": -2.5, "ok": True, "list": [], "odd": [1]},
    )


@pytest.mark.parametrize("schema", [{}, {"properties": []}, {"properties": {"x": 3}, "required": None}])
def test_a_schema_may_be_anything(schema: dict[str, Any]) -> None:
    assert asked_for("f", [Function("f", schema)]) == ("f", {})


@pytest.mark.parametrize(
    ("result", "told"), [("sunny.", "get weather says: sunny."), ({"a": 1}, 'get weather says: {"a": 1}.')]
)
def test_a_result_is_told(result: Any, told: str) -> None:
    assert spoken_result("get_weather", result) == told
