"""Views as the engine makes them, for tests of what is drawn."""

from sessions.state.log import Entry, LogView
from sessions.state.snapshot import DeckView, MicrophoneView, SessionView, Speech

HOSTILE = "\x1b[31mred\x1b[0m [bold]markup[/bold] \x07\x9b2J \u202eesrever\u202c [@click=app.quit]x[/]"


_MODELS = {
    "transcribe": "@cf/deepgram/nova-3",
    "speak": "@cf/deepgram/aura-1",
    "converse": "gpt-realtime-2.1",
}


def session(name: str, *, log: list[Entry] | None = None, **fields: object) -> SessionView:
    base: dict[str, object] = {
        "name": name,
        "kind": name,
        "provider": "openai" if name == "converse" else "workers-ai",
        "model": {"transcribe": "@cf/deepgram/nova-3", "speak": "@cf/deepgram/aura-1"}.get(
            name, "gpt-realtime-2.1"
        ),
        "phase": "ready",
        "notice": "",
        "listening": name == "transcribe",
        "paused": False,
        "log": LogView(log or []),
    }
    return SessionView(**{**base, **fields})  # type: ignore[arg-type]


def deck(*sessions: SessionView) -> DeckView:
    return DeckView(
        gateway="embedded gateway",
        starting=False,
        microphone=MicrophoneView("bundled recording (no microphone)", live=False, level=0.3),
        speaker="no sound card",
        null_output=True,
        sessions=sessions,
    )


BUSY = deck(
    session(
        "transcribe",
        log=[
            Entry(
                "speech",
                "And Mr. John Dashwood had then leisure to consider how much there might be.",
                start=0.2,
            ),
            Entry("speech", "He was not an ill-disposed young man.", remark="unconfirmed"),
        ],
        live=(Entry("speech", "Unless to be rather cold-hearted", tail="and rather selfish"),),
    ),
    session(
        "speak",
        speech=(
            Speech("1", "Hello there.", "done", 0.012, 0.9, 0.9, complete=True),
            Speech(
                "2",
                "This sentence has been spoken. This one sounds now, and it wraps. And a last one.",
                "playing",
                0.034,
                3.2,
                6.4,
                complete=True,
                sentence=(31, 65),
            ),
            Speech("3", "This one waits.", "queued"),
        ),
    ),
    session(
        "converse",
        log=[
            Entry("user", "Which keys are there?"),
            Entry("answer", "Tab moves on.", remark="stopped after 1.2 s"),
        ],
        live=(Entry("user", "", tail="how do I"), Entry("answer", "Control S saves", tail="…")),
        answering=True,
        answer_after=0.048,
    ),
)

FAILED = deck(
    session(
        "transcribe",
        phase="failed",
        listening=False,
        notice="refused with HTTP 401: Unauthorized (2009); the gateway token is wrong; F5 reconnects",
    ),
    session("speak", phase="connecting"),
    session("converse", phase="closed", notice="closed (1000); F5 reconnects"),
)

HOSTILE_DECK = deck(
    session("transcribe", log=[Entry("speech", HOSTILE)], live=(Entry("speech", HOSTILE, tail=HOSTILE),)),
    session(
        "speak", speech=(Speech("1", HOSTILE, "playing", 0.1, 1.0, 2.0, sentence=(0, 20)),), notice=HOSTILE
    ),
    session("converse", log=[Entry("answer", HOSTILE, remark=HOSTILE)], model=HOSTILE, provider=HOSTILE),
)
