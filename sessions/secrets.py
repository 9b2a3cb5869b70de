"""Secrets, and the one redactor that every writer uses: log, exceptions, notices, command line.

A `Secret` is known to the redactor from the moment it is made.
"""

import re
from urllib.parse import quote

MASK = "•••"
_SHORTEST = 6  # a shorter value would blank out ordinary words

_BEARER = re.compile(r"^bearer(?:\s+|$)", re.IGNORECASE)
_known: set[str] = set()
_SHAPES = re.compile(
    r"""(?ix)
    (?P<lead>
        BEGIN bearer\s+
      | BEGIN (?:token|key)\s+ (?=[^\s&,"'\\]*\d)  # a word without a digit is just the next word
      | BEGIN (?:cf-aig-authorization|xi-api-key|fal-api-key|openai-insecure-api-key)[.:]\s*(?:bearer\s+)?
      | BEGIN (?:api_key|access_token)=
      | [?&](?:key|token)=
    )
    [^\s&,"'\\]{6,}
    | BEGIN (?:sk|ek|xi|sess)[-_][A-Za-z0-9_*-]{12,}
    """.replace("BEGIN", r"(?:\b|(?<=\\[bfnrt]))")  # in JSON, `\n` may stand before it
)


class Secret:
    """A credential; only `reveal` and `bare` give its value, which otherwise shows as dots."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        bare = self.bare()
        for form in (bare, *(quote(bare, safe=safe, errors="replace") for safe in ("", "@/"))):
            if len(form) >= _SHORTEST:
                _known.add(form)

    def reveal(self) -> str:
        return self._value

    def bare(self) -> str:
        """Reveal the value without space around it and without a `Bearer` of its own."""
        return _BEARER.sub("", self._value.strip())

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def redact(text: str) -> str:
    """Return `text` without any known secret, and without what has the shape of one."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, MASK)
    return _SHAPES.sub(lambda match: (match["lead"] or "") + MASK, text)
