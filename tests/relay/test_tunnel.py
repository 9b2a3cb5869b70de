"""The whole way: `voxdeck relay` with real devices, a real sshd, and the deck's client behind the tunnel."""

import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
import numpy as np
import pytest

from sessions.audio import files
from sessions.audio.pcm import RATE, Resampler, Samples, samples_of
from sessions.audio.relay.client import RelayClient, RelayRefused
from sessions.audio.relay.discovery import RelayAddress, find, sockets_of
from sessions.audio.relay.door import FREED_AFTER
from sessions.audio.relay.wire import WIRE_RATE
from sessions.secrets import Secret
from tests.audio.conftest import Pulse
from tests.relay.conftest import RelayProcess, Sshd, Tone, end, relay_process

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("pulse")]

RECORDING = Path(files.__file__).parent / "recordings" / "sense_0880.wav"
NOTICED = 2.5


@dataclass
class Deck:
    """What the deck makes of a relay, and what it hears."""

    address: RelayAddress
    mixer: Tone
    heard: list[Samples] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    states: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = RelayClient(self.address, self._feed, self.mixer, self.states.append)

    def _feed(self, samples: Samples, rate: int, at: float) -> None:
        assert rate == WIRE_RATE
        assert self.client.state == "connected"
        assert at <= time.monotonic()
        self.heard.append(samples)
        self.times.append(at)

    @property
    def sound(self) -> Samples:
        return np.concatenate([*self.heard, np.zeros(0, np.int16)])


async def until(reached: Callable[[], object], what: str, seconds: float = 20) -> None:
    with anyio.move_on_after(seconds):
        while not reached():  # noqa: ASYNC110 - the other side does it
            await anyio.sleep(0.01)
        return
    pytest.fail(f"{what} did not come")


@asynccontextmanager
async def connected(relay: RelayProcess, mixer: Tone) -> AsyncIterator[Deck]:
    deck = Deck(relay.address, mixer)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(deck.client.run)
        await until(lambda: deck.client.state == "connected", "the connection")
        yield deck
        tasks.cancel_scope.cancel()


async def connect(sshd: Sshd, relay: RelayProcess) -> "subprocess.Popen[bytes]":
    return await anyio.to_thread.run_sync(sshd.connect, relay)


def frequency(samples: Samples) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples.astype(float)))) * RATE / samples.size)


def likeness(heard: Samples, said: Samples) -> float:
    """How well what was said can be found in what was heard, 0..1."""
    size = 1 << (heard.size + said.size).bit_length()
    a, b = heard.astype(float), said.astype(float)
    correlation = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)))
    at = int(np.argmax(correlation[: heard.size]))
    part = a[at : at + b.size]
    return float(correlation[at] / (np.linalg.norm(part) * np.linalg.norm(b)))


async def test_sound_goes_both_ways_through_the_tunnel(pulse: Pulse, sshd: Sshd, tmp_path: Path) -> None:
    clip = files.read(RECORDING)
    resampler = Resampler(clip.rate, WIRE_RATE)
    said = np.concatenate([resampler.push(clip.samples), resampler.flush()])
    with relay_process() as relay:
        ssh = await connect(sshd, relay)
        assert [each.path for each in find({}, sshd.folder)] == [relay.remote]
        async with connected(relay, Tone()) as deck:
            assert deck.client.has_input and deck.client.has_output
            assert relay.said("microphone open") == relay.said("speaker open") == 0
            deck.client.capture(on=True)
            await until(lambda: deck.heard, "sound from the microphone")
            with pulse.play_into_microphone(RECORDING) as player:
                await until(lambda: player.poll() is not None, "the recording's end")
            await anyio.sleep(1)
            deck.client.capture(on=False)
            await until(lambda: relay.said("microphone closed"), "the microphone's end")
            with pulse.recorded(tmp_path / "heard.raw"):
                deck.client.play(on=True)
                await until(lambda: deck.mixer.pulled > 3 * RATE, "playback")
            deck.client.play(on=False)
            await until(lambda: relay.said("speaker closed"), "the speaker's end")
            assert deck.client.gaps == 0
        await until(lambda: relay.said("the deck has ended"), "the deck's leave")
        end(ssh)
    assert likeness(deck.sound, said) > 0.9
    played = samples_of((tmp_path / "heard.raw").read_bytes())
    loud = np.flatnonzero(np.abs(played) > 6000)
    middle = played[loud[-1] - RATE : loud[-1] - 1000]
    assert frequency(middle) == pytest.approx(440, abs=1.5)
    assert np.sqrt(np.mean(middle.astype(float) ** 2)) == pytest.approx(12000 / np.sqrt(2), rel=0.1)


async def test_anchors_tell_when_a_frame_is_heard_and_they_go_evenly(sshd: Sshd) -> None:
    with relay_process() as relay:
        ssh = await connect(sshd, relay)
        async with connected(relay, Tone()) as deck:
            deck.client.play(on=True)
            await until(lambda: deck.mixer.pulled > 4 * RATE, "playback")
        end(ssh)
    settled = [(frame, at) for frame, at in deck.mixer.anchors if frame > 2 * RATE]
    begins = [at - frame / RATE for frame, at in settled]
    assert np.percentile(begins, 75) - np.percentile(begins, 25) < 0.15


async def test_a_tunnel_that_is_killed_pauses_all_and_the_same_command_brings_it_back(
    pulse: Pulse, sshd: Sshd, tmp_path: Path
) -> None:
    with relay_process() as relay:
        ssh = await connect(sshd, relay)
        with pulse.recorded(tmp_path / "heard.raw"):
            async with connected(relay, Tone(seconds=6)) as deck:
                deck.client.capture(on=True)
                deck.client.play(on=True)
                await until(lambda: deck.mixer.pulled > 2 * RATE and deck.heard, "sound both ways")
                end(ssh)
                await until(lambda: deck.client.state == "lost", "the loss", NOTICED)
                pulled, heard = deck.mixer.pulled, len(deck.heard)
                await anyio.sleep(1.5)
                assert (deck.mixer.pulled, len(deck.heard)) == (pulled, heard)
                assert deck.client.lost_for > 1
                await until(lambda: relay.said("microphone closed") and relay.said("speaker closed"), "rest")
                ssh = await connect(sshd, relay)
                await until(lambda: deck.client.state == "connected", "the connection")
                assert deck.client.lost_for == 0
                await until(lambda: deck.mixer.pulled > 7 * RATE, "playback")
                await until(lambda: len(deck.heard) > heard, "the microphone")
            end(ssh)
        assert [line.split(":")[0].split(" to ")[0] for line in deck.states] == [
            "connected",
            "the relay is lost",
            "connected",
        ]
        assert relay.said("lost: the connection ended") >= 1
    loud = np.abs(samples_of((tmp_path / "heard.raw").read_bytes())) > 500
    sounding = np.count_nonzero(np.convolve(loud, np.ones(100), "same") > 0) / RATE
    assert 6 - 0.6 < sounding < 6.2


async def test_a_tunnel_that_is_silent_is_noticed_and_makes_room_for_the_next(sshd: Sshd) -> None:
    with relay_process() as relay:
        silent = await connect(sshd, relay)
        async with connected(relay, Tone()) as deck:
            deck.client.play(on=True)
            await until(lambda: deck.mixer.pulled > RATE, "playback")
            silent.send_signal(signal.SIGSTOP)
            await until(lambda: deck.client.state == "lost", "the loss", NOTICED + 1)
            assert "nothing was heard for 2 s" in deck.states[-1]
            await until(lambda: not relay.remote.exists(), "room for the next tunnel")
            ssh = await connect(sshd, relay)
            await until(lambda: deck.client.state == "connected", "the connection")
            pulled = deck.mixer.pulled
            await until(lambda: deck.mixer.pulled > pulled + RATE, "playback")
        end(ssh)
        end(silent)


async def test_a_silent_tunnel_that_comes_back_is_used_again(sshd: Sshd) -> None:
    with relay_process() as relay:
        ssh = await connect(sshd, relay)
        async with connected(relay, Tone()) as deck:
            ssh.send_signal(signal.SIGSTOP)
            await until(lambda: not relay.remote.exists(), "room for another tunnel")
            ssh.send_signal(signal.SIGCONT)
            await until(lambda: deck.client.state == "connected", "the connection")
        end(ssh)


async def test_others_are_refused_while_the_first_goes_on_undisturbed(sshd: Sshd) -> None:
    with relay_process() as relay:
        ssh = await connect(sshd, relay)
        async with connected(relay, Tone()) as deck:
            deck.client.play(on=True)
            await until(lambda: deck.mixer.pulled > RATE, "playback")
            wrong = RelayAddress("relay", "", Secret("not-the-token-of-it"), relay.remote)
            for address, why in ((relay.address, "another deck is connected"), (wrong, "wrong token")):
                with pytest.raises(RelayRefused, match=why):
                    await Deck(address, Tone()).client.run()
            for garbage in (b"\xff" * 64, (2).to_bytes(4) + b"\xc1\xc1", b"GET / HTTP/1.1\r\n\r\n"):
                async with await anyio.connect_unix(sockets_of(relay.remote)[0]) as stream:
                    await stream.send(garbage)
            pulled = deck.mixer.pulled
            await until(lambda: deck.mixer.pulled > pulled + 2 * RATE, "playback")
            assert deck.client.state == "connected"
            assert relay.said("lost") == 0
            assert relay.lines.count("connected") == 1
            assert relay.said("refused a client") == 2
        end(ssh)


async def test_a_deck_that_ended_with_its_tunnel_is_followed_by_another(sshd: Sshd) -> None:
    """As without tmux: the second ssh must be able to make its socket, and the second deck find it."""
    with relay_process() as relay:
        for _ in range(3):
            ssh = await connect(sshd, relay)
            (address,) = find({}, sshd.folder)
            deck = Deck(address, Tone())
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(deck.client.run)
                await until(lambda deck=deck: deck.client.state == "connected", "the connection")  # type: ignore[misc]
                end(ssh)
                await until(lambda deck=deck: deck.client.state == "lost", "the loss", NOTICED)  # type: ignore[misc]
                tasks.cancel_scope.cancel()
            await anyio.sleep(FREED_AFTER)


async def test_a_sound_server_that_ends_is_told_and_used_again_when_back(pulse: Pulse, sshd: Sshd) -> None:
    with relay_process() as relay:
        ssh = await connect(sshd, relay)
        async with connected(relay, Tone()) as deck:
            deck.client.play(on=True)
            deck.client.capture(on=True)
            await until(lambda: deck.mixer.pulled > RATE and deck.heard, "sound both ways")
            pulse.stop()
            await until(lambda: "on the laptop: " in deck.client.trouble, "the news")
            pulled = deck.mixer.pulled
            await anyio.sleep(1)
            assert deck.mixer.pulled == pulled
            assert deck.client.state == "connected"
            heard = len(deck.heard)
            pulse.start()
            await until(lambda: deck.mixer.pulled > pulled + RATE, "playback")
            await until(lambda: len(deck.heard) > heard, "the microphone")
            assert deck.client.trouble == ""
        end(ssh)
