"""Views as the engine makes them, for tests of what is drawn."""

from sessions.audio.view import AudioView, Choice, InputView, OutputView
from sessions.state.log import Entry, LogView
from sessions.state.snapshot import DeckView, SessionView, Speech

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


NO_DEVICES = AudioView(
    InputView(
        "bundled recording",
        "file",
        open=True,
        level=0.3,
        notice="no microphone was found: the bundled recording is heard; plug one in, then F6 and r",
    ),
    OutputView(notice="no sound card: plays to nowhere, at real pace"),
)

LAPTOP = AudioView(
    InputView("MacBook Microphone", "device", chosen="mic-1", live=True, open=True, level=0.13),
    OutputView("laptop", "relay", latency=0.084, level=0.3),
    inputs=(
        Choice("mic-1", "MacBook Microphone", "device", "48 kHz, 1 channel", default=True),
        Choice("mic-2", "USB Audio Device with a very long name indeed", "device", "44.1 kHz, 2 channels"),
        Choice("pulse", "PulseAudio server", "pulseaudio"),
    ),
    outputs=(
        Choice("out-1", "MacBook Speakers", "device", "48 kHz, 2 channels", default=True),
        Choice("relay", "relay (laptop)", "relay", "24 ms away"),
    ),
)

TROUBLE = AudioView(
    InputView(
        "USB Audio Device",
        "device",
        live=True,
        open=True,
        level=1.0,
        clipping=True,
        lost=2,
        notice="MacBook Microphone is gone: USB Audio Device is used until it is back; F6 chooses another",
    ),
    OutputView(
        "MacBook Speakers",
        "device",
        waiting=True,
        underruns=3,
        notice="MacBook Speakers are gone: speech waits for them; F6 chooses another",
    ),
    LAPTOP.inputs,
    LAPTOP.outputs,
    echo="half-duplex",
    arbitration="duck",
)


def deck(*sessions: SessionView, audio: AudioView = NO_DEVICES) -> DeckView:
    return DeckView(gateway="embedded gateway", starting=False, audio=audio, sessions=sessions)


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
        latencies=(0.048,),
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

SOUND = deck(
    session(
        "transcribe", microphone="push-to-talk", listening=True, recording="/tmp/voxdeck-transcribe-1.wav"
    ),
    session(
        "speak",
        speech=(Speech("1", "This one waits for the answer to end.", "queued"),),
        volume=0.8,
        speed=1.2,
        underruns=2,
    ),
    session(
        "converse", microphone="voice", listening=True, hearing=True, answering=True, source="file:talk.wav"
    ),
    audio=LAPTOP,
)

IN_TROUBLE = deck(
    session("transcribe", microphone="muted"),
    session("speak", muted=True),
    session("converse", microphone="push-to-talk", hearing=True, listening=True),
    audio=TROUBLE,
)

HOSTILE_DEVICES = deck(
    session("transcribe", source=f"file:{HOSTILE}", recording=f"/tmp/{HOSTILE}"),
    session("speak"),
    session("converse"),
    audio=AudioView(
        InputView(HOSTILE, "device", chosen="a", live=True, open=True, silent_for=7.0, notice=HOSTILE),
        OutputView(HOSTILE, "relay", notice=HOSTILE),
        (Choice("a", HOSTILE, "device", HOSTILE), Choice(HOSTILE, HOSTILE, "relay", HOSTILE, default=True)),
        (Choice("a", HOSTILE, "pulseaudio", HOSTILE),),
    ),
)
