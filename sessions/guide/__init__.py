"""The deck's guide: its help texts, for the help screen and for the assistant of the embedded gateway."""

from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Section:
    """Plain text in short paragraphs; `chapter` is the title of the file that it stands in."""

    chapter: str
    title: str
    text: str


@cache
def sections() -> tuple[Section, ...]:
    """Return all sections in reading order."""
    files = sorted(
        (file for file in resources.files(__package__).iterdir() if file.name.endswith(".md")),
        key=lambda file: file.name,
    )
    return tuple(section for file in files for section in _parse(file.read_text(encoding="utf-8")))


def _parse(markdown: str) -> list[Section]:
    """`# ` begins the chapter, each `## ` a section; lines of a paragraph are joined."""
    head, *parts = markdown.split("\n## ")
    chapter = head.strip().removeprefix("# ")
    found = []
    for part in parts:
        title, _, body = part.partition("\n")
        paragraphs = (" ".join(paragraph.split()) for paragraph in body.strip().split("\n\n"))
        found.append(Section(chapter, title.strip(), "\n\n".join(paragraphs)))
    return found
