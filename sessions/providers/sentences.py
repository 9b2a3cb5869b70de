"""Sentences of a text, as spans: each is spoken, marked and limited on its own."""

import re
from itertools import pairwise

# The lookbehind and the possessive `++` keep the search linear in long rows of dots.
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+\s+|\n+")
_CLAUSE = re.compile(r"[,;:]\s+")


def spans(text: str, longest: int) -> list[tuple[int, int]]:
    """Return (begin, end) of each sentence of `text`, none longer than `longest` characters.

    A longer sentence is cut after a clause, else after a word, else where it must be.
    """
    edges = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    found: list[tuple[int, int]] = []
    for begin, end in pairwise(edges):
        at = begin
        while end - at > longest:
            cut = _cut(text, at, at + longest)
            found.append((at, cut))
            at = cut
        found.append((at, end))
    return [span for span in found if text[slice(*span)].strip()]


def _cut(text: str, begin: int, limit: int) -> int:
    clauses = [match.end() for match in _CLAUSE.finditer(text, begin, limit)]
    if clauses:
        return clauses[-1]
    space = text.rfind(" ", begin + 1, limit)
    return space + 1 if space > 0 else limit
