"""Secrets, and the one redactor that every writer uses: log, exceptions, notices, command line.

A `Secret` is known to the redactor from the moment it is made.
"""

import re
from urllib.parse import quote

MASK = "•••"
_SHORTEST = 6  # a shorter value would blank out ordinary words

_known: set[str] = set()
_SHAPES = re.compile(
    r"""(?ix)
    (?P<lead>
        \b(?:bearer|token|key)\s+
      | \b(?:cf-aig-authorization|xi-api-key|fal-api-key|openai-insecure-api-key)[.:]\s*
      | [?&](?:api_key|key|token|access_token)=
    )
    [^\s&,"']{6,}
    | \b(?:sk|ek|xi|sess)[-_][A-Za-z0-9_-]{12,}
    """
)


class Secret:
    """A credential; `reveal` is the only way to its value, which otherwise shows as dots."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        for form in (value, value.removeprefix("Bearer ").strip(), quote(value, safe="")):
            if len(form) >= _SHORTEST:
                _known.add(form)

    def reveal(self) -> str:
        return self._value

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
