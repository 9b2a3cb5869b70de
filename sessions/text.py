"""Text from outside, made safe to show: no control character, escape sequence or bidirectional override acts.

Each such character is shown as a visible picture of itself, so nothing is hidden either.
"""

import re

_CONTROL_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)}
_C1_CONTROLS = dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
# Bidirectional marks, embeddings, overrides and isolates; line and paragraph separators; tags; BOM.
_INVISIBLE = {
    code: f"‹U+{code:04X}›"
    for code in (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}
_UNSAFE: dict[int, int | str] = {
    **_CONTROL_PICTURES,
    0x7F: 0x2421,
    **_C1_CONTROLS,
    **_INVISIBLE,
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),  # lone surrogates cannot be written as UTF-8
    **dict.fromkeys(range(0xE0000, 0xE0080), 0xFFFD),
}
_NOT_ASCII_SAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def plain(text: str) -> str:
    """Return `text` with tabs as spaces and every unsafe character made visible; newlines are kept."""
    if text.isprintable():  # most is, and this is several times faster
        return text
    return text.translate(_UNSAFE).replace("\t", "    ")


def one_line(text: str, limit: int = 300) -> str:
    """Return `text` safe to show in one line of at most `limit` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def escape_json(encoded: str) -> str:
    """Escape in JSON text what JSON allows bare and a terminal would obey; the decoded value is the same."""
    return _NOT_ASCII_SAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded)
