"""How OpenAI Realtime finds the ends of the user's turns."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TurnDetection:
    """`server_vad` goes by loudness and silence, `semantic_vad` by what is said; with `none` the client ends
    each turn. A parameter that the chosen one does not know is left aside.
    """

    kind: str = "server_vad"
    threshold: float | None = None
    silence: int | None = None
    """Milliseconds that end a turn."""
    eagerness: str = ""

    def wire(self, **fields: Any) -> dict[str, Any] | None:
        """Return the value of `turn_detection`, with `fields` beside the parameters."""
        if self.kind == "none":
            return None
        if self.kind == "semantic_vad":
            parameters: dict[str, Any] = {"eagerness": self.eagerness or None}
        else:
            parameters = {"threshold": self.threshold, "silence_duration_ms": self.silence}
        set_ones = {name: value for name, value in parameters.items() if value is not None}
        return {"type": self.kind, **set_ones, **fields}
