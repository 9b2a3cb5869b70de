"""A value for each of a session's settings that is not its default."""

from pathlib import Path

from sessions.providers.settings import Setting, Value

TOOLS = """[{"type": "function", "name": "weather", "description": "Tells it.",
  "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}]"""


def sample(setting: Setting, folder: Path) -> Value:
    """Return a value that the embedded gateway knows too."""
    if setting.name == "language":
        return "multi" if "multi" in setting.choices else "de" if setting.default == "en" else "en"
    if setting.name == "block":
        return 20
    match setting.kind:
        case "flag":
            return True
        case "file":
            path = folder / "tools.json"
            path.write_text(TOOLS)
            return str(path)
        case "number":
            return (setting.low + setting.high) / 2
        case "whole" if not setting.choices:
            return 700
        case "whole":
            return int(next(each for each in setting.choices if each != setting.default))
        case "lines":
            return "Be brief."
        case _:
            return next((each for each in setting.choices if each != setting.default), f"a-{setting.name}")
