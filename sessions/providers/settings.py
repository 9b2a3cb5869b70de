"""What a user may set of a session, as data: forms and checks are built from it.

A name is the field of `[sessions.NAME]` in the configuration. Lists of voices and languages are those that
providers publish; where such a list is open, anything else is taken too.
"""

from dataclasses import dataclass, replace
from typing import Literal

from sessions.providers.openai_transcription import DETECT_TURNS

SettingKind = Literal["text", "lines", "file", "choice", "flag", "whole", "number"]
Value = str | int | float | bool | None


class WrongValue(ValueError):
    """The message is one line that tells what was expected."""


@dataclass(frozen=True)
class Setting:
    """One setting. Its value is a text, of a `flag` a boolean, of `whole` and `number` a number.

    An empty text, or no number, stands for the default.
    """

    name: str
    label: str
    """A word or two."""
    help: str
    """One line."""
    kind: SettingKind = "text"
    default: str = ""
    """What holds where nothing is set; empty where the provider decides."""
    choices: tuple[str, ...] = ()
    """All there are of a `choice` or a `whole`; of a `text`, those that are known."""
    low: float = 0
    high: float = 0
    models: tuple[str, ...] = ()
    """The models that take it, by how they begin; all where empty."""

    def read(self, text: str) -> Value:
        """Return the value that a user means by `text`. Raises WrongValue."""
        text = text.strip()
        value: Value = text
        try:
            match self.kind:
                case "flag":
                    value = text == "on"
                case "whole":
                    value = int(text) if text else None
                case "number":
                    value = float(text.replace(",", ".")) if text else None
        except ValueError:
            raise WrongValue(self._expected(text)) from None
        if not self._takes(value):
            raise WrongValue(self._expected(text))
        return value

    def write(self, value: Value) -> str:
        """Return the text that `read` takes for `value`."""
        if self.kind == "flag":
            return "on" if value else "off"
        return "" if value is None else str(value)

    def check(self, value: Value) -> None:
        """Raises WrongValue."""
        if not self._takes(value):
            raise WrongValue(self._expected(self.write(value)))

    def _takes(self, value: Value) -> bool:
        if value in (None, "") or self.kind in ("text", "lines", "file", "flag"):
            return True
        if self.choices:
            return str(value) in self.choices
        return isinstance(value, int | float) and self.low <= value <= self.high

    def _expected(self, text: str) -> str:
        if self.choices:
            return f"{text!r} is not one of: {', '.join(self.choices)}"
        what = "a whole number" if self.kind == "whole" else "a number"
        return f"{text!r} is not {what} from {self.low:g} to {self.high:g}"


def _voice(
    known: str = "", default: str = "", *, model: str = "", help_text: str = "Whose voice speaks"
) -> Setting:
    """`known`: names with spaces between."""
    models = (model,) if model else ()
    return Setting("voice", "Voice", help_text, default=default, choices=tuple(known.split()), models=models)


def _language(help_text: str, known: str = "", default: str = "", *, models: tuple[str, ...] = ()) -> Setting:
    """`known`: tags with spaces between."""
    return Setting(
        "language", "Language", help_text, default=default, choices=tuple(known.split()), models=models
    )


def _sample_rate(default: int, *rates: int) -> Setting:
    return Setting(
        "sample_rate",
        "Sample rate",
        "Hz of the audio on the wire; lower is lighter, 8000 is a telephone's",
        "whole",
        str(default),
        tuple(map(str, rates)),
    )


def _endpointing(default: str, low: int, high: int, *, help_text: str = "") -> Setting:
    return Setting(
        "endpointing",
        "Endpointing",
        help_text or "ms of silence that end an utterance: fewer answer sooner, more cut off less",
        "whole",
        default,
        low=low,
        high=high,
    )


INSTRUCTIONS = Setting("instructions", "Instructions", "What the model is told before all else", "lines")
ANSWERS = Setting(
    "answers", "Answers", "Spoken, with their text, or text alone", "choice", "spoken", ("spoken", "text")
)
TOOLS = Setting(
    "tools", "Tools", "A JSON file: a list of functions in OpenAI's form, which the model may call", "file"
)


def _block(default: int, help_text: str) -> Setting:
    return Setting("block", "Block", help_text, "whole", str(default), low=20, high=100)


BLOCK = _block(100, "ms of microphone a message: fewer are sooner there, and cost more of the processor")

_HEARD_RATES = (8000, 16000, 24000, 48000)

DEEPGRAM_LISTEN = (
    _language(
        "Of the speech; multi for several, mixed",
        "en multi de es fr hi it ja nl pt ru",
        "en",
    ),
    _sample_rate(16000, *_HEARD_RATES),
    _endpointing("300", 10, 10_000),
    Setting("speakers", "Speakers", "Tell the speakers apart (diarization)", "flag", "off"),
    BLOCK,
)


def flux(*, highest_threshold: float, longest_timeout: int) -> tuple[Setting, ...]:
    """Settings of Deepgram Flux; Cloudflare's ranges are narrower than Deepgram's own."""
    return (
        _language(
            "That is expected; left out, any that it knows",
            "de en es fr hi it ja nl pt ru",
            models=("flux-general-multi",),
        ),
        Setting(
            "eot_threshold",
            "End of turn",
            "How sure it must be that a turn is over: less ends sooner, more cuts off less",
            "number",
            "0.7",
            low=0.5,
            high=highest_threshold,
        ),
        Setting(
            "eager_eot_threshold",
            "Eager end",
            "How sure it must be to guess that a turn ends soon; left out, no guesses are made",
            "number",
            low=0.3,
            high=0.9,
        ),
        Setting(
            "eot_timeout",
            "Turn timeout",
            "ms of silence after which a turn ends in any case",
            "whole",
            "5000",
            low=500,
            high=longest_timeout,
        ),
        _sample_rate(16000, *_HEARD_RATES),
        _block(80, "ms of microphone a message; 80 is what Deepgram recommends"),
    )


_AURA_RATES = _sample_rate(24000, 8000, 16000, 24000, 32000, 48000)

WORKERS_SPEAK = (
    _voice(
        "angus arcas asteria athena helios hera luna orion orpheus perseus stella zeus",
        "angus",
        model="@cf/deepgram/aura-1",
    ),
    _voice(
        "amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora cordelia delia "
        "draco electra harmonia helena hera hermes hyperion iris janus juno jupiter luna mars minerva "
        "neptune odysseus ophelia orion orpheus pandora phoebe pluto saturn thalia theia vesta zeus",
        "luna",
        model="@cf/deepgram/aura-2-en",
    ),
    _voice(
        "alvaro aquila carina celeste diana estrella javier nestor selena sirio",
        "aquila",
        model="@cf/deepgram/aura-2-es",
    ),
    _AURA_RATES,
)
DEEPGRAM_SPEAK = (_AURA_RATES,)
"""The voice is part of the model's name."""

CARTESIA = (
    _voice(help_text="The id of a voice, from Cartesia's pages"),
    _language("Of the text", "de en es fr hi it ja ko nl pl pt ru sv tr zh", "en"),
    _sample_rate(24000, 8000, 16000, 22050, 24000, 44100, 48000),
)
ELEVENLABS_SPEAK = (
    _voice(help_text="The id of a voice, from ElevenLabs' pages"),
    _language("Of the text, such as en; left out, it is guessed", models=("eleven_flash", "eleven_turbo")),
    _sample_rate(24000, 8000, 16000, 22050, 24000, 44100),
)
ELEVENLABS_AGENT = (
    Setting("agent", "Agent", "The agent's id, from ElevenLabs' pages"),
    ANSWERS,
    Setting(
        "instructions",
        "Instructions",
        "Its prompt, in place of the agent's own, which has to allow that",
        "lines",
    ),
    _voice(help_text="The id of a voice, in place of the agent's own, which has to allow that"),
    _language("Such as en, in place of the agent's own, which has to allow that"),
    BLOCK,
)


def _turn_detection(*ways: str, help_text: str) -> Setting:
    return Setting("turn_detection", "Turn detection", help_text, "choice", ways[0], ways)


_VAD_PARAMETERS = (
    _endpointing("", 50, 10_000, help_text="ms of silence that end a turn, for server_vad"),
    Setting(
        "threshold",
        "Threshold",
        "How loud speech has to be, from 0 to 1, for server_vad: more where it is noisy",
        "number",
        "0.5",
        low=0,
        high=1,
    ),
    Setting(
        "eagerness",
        "Eagerness",
        "How soon semantic_vad takes a turn to be over",
        "choice",
        "auto",
        ("auto", "low", "medium", "high"),
    ),
)
_SPOKEN_LANGUAGE = _language("That you speak, such as en; helps the transcript. Left out, it is guessed")

OPENAI_REALTIME = (
    _voice("alloy ash ballad cedar coral echo marin sage shimmer verse", "alloy"),
    ANSWERS,
    INSTRUCTIONS,
    _turn_detection(
        *("server_vad", "semantic_vad", "none"),
        help_text="server_vad goes by silence, semantic_vad by what is said; with none, you end each turn",
    ),
    *_VAD_PARAMETERS,
    _SPOKEN_LANGUAGE,
    TOOLS,
    BLOCK,
)

OPENAI_TRANSCRIPTION = (
    _SPOKEN_LANGUAGE,
    *(
        replace(each, models=DETECT_TURNS)  # the others leave the ends of turns to the client
        for each in (
            _turn_detection(
                "server_vad",
                "semantic_vad",
                help_text="server_vad goes by silence, semantic_vad by what is said",
            ),
            *_VAD_PARAMETERS,
        )
    ),
    BLOCK,
)

GEMINI = (
    _voice("Aoede Charon Fenrir Kore Leda Orus Puck Zephyr"),
    INSTRUCTIONS,
    _language("In which it answers, such as en-US; left out, it goes by yours"),
    _endpointing("", 10, 10_000, help_text="ms of silence that end a turn"),
    Setting(
        "eagerness",
        "Eagerness",
        "How soon silence is taken for the end of a turn",
        "choice",
        "high",
        ("high", "low"),
    ),
    TOOLS,
    BLOCK,
)

FAL = (
    Setting(
        "size",
        "Size",
        "Of the picture; square_hd is 1024 by 1024",
        "choice",
        "square_hd",
        ("square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"),
    ),
)
