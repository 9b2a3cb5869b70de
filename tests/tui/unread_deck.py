"""A deck that writes down, when it is left, what its engine has done.

`python -m tests.tui.unread_deck REPORT INPUT`
"""

import sys
from pathlib import Path

import msgspec

from sessions.config import load
from sessions.engine import Engine
from sessions.live.actions import Open
from sessions.live.deck import DeckPlan
from sessions.state.snapshot import DeckView
from tui.app import DeckApp


class SessionReport(msgspec.Struct):
    numbers: list[int]
    """Of the frames of the wire, both ways."""
    sent: int
    """Bytes of binary frames, which are the microphone's."""
    first: float
    last: float
    """When those were sent, by the monotonic clock."""
    underruns: int
    text: str


def report(view: DeckView) -> dict[str, SessionReport]:
    reports = {}
    for session in view.sessions:
        microphone = [
            frame
            for frame in session.frames
            if isinstance(frame.content, bytes) and frame.direction == "sent"
        ]
        reports[session.name] = SessionReport(
            [frame.number for frame in session.frames],
            sum(frame.size for frame in microphone),
            microphone[0].at if microphone else 0.0,
            microphone[-1].at if microphone else 0.0,
            session.underruns,
            " ".join(f"{entry.text} {entry.tail}" for entry in (*session.log, *session.live)),
        )
    return reports


def main() -> None:
    path, source = Path(sys.argv[1]), sys.argv[2]
    engines = []

    def make_engine(sessions: tuple[Open, ...]) -> Engine:
        engines.append(Engine(DeckPlan(sessions, load(), input=source, output="none")))
        return engines[0]

    DeckApp(make_engine, path.parent).run()
    path.write_bytes(msgspec.json.encode(report(engines[0].view)))


if __name__ == "__main__":
    main()
