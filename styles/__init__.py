"""The deck's Textual CSS."""

from pathlib import Path

DECK = Path(__file__).with_name("deck.tcss")
