"""The deck's Textual CSS and its themes."""

from pathlib import Path, PurePath

FRAME = Path(__file__).with_name("frame.tcss")
"""What is painted first: reading all would take 10 ms more."""
INSIDE = Path(__file__).with_name("deck.tcss")
"""All that is shown afterwards."""
DECK: list[str | PurePath] = [FRAME, INSIDE]
THEMES = Path(__file__).with_name("themes")
"""A folder of themes; their files are made as those of users are."""
