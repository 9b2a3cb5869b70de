"""The app's actions on sound; each has a line in the registry of actions."""

from pathlib import Path
from typing import TYPE_CHECKING

from sessions.audio.modes import FASTEST, LOUDEST, SLOWEST, Arbitration, EchoMode, MicrophoneMode, Sides
from sessions.live.actions import (
    Action,
    Seek,
    SetArbitration,
    SetBlock,
    SetEcho,
    SetMicrophone,
    SetMuted,
    SetSource,
    SetSpeed,
    SetVolume,
    Skip,
    Stop,
    ToggleListening,
    TogglePause,
    ToggleRecording,
)
from tui.panes.pane import Pane
from tui.wish import Wishes

if TYPE_CHECKING:
    from sessions.state.snapshot import SessionView

_CYCLE: tuple[MicrophoneMode, ...] = ("on", "push-to-talk", "voice")


class SoundActions:
    """A part of the app, which has the pane in front and carries actions out."""

    save_into: Path
    wishes: Wishes

    @property
    def pane(self) -> Pane | None:
        raise NotImplementedError

    async def do(self, pane: Pane | None, action: Action) -> bool:
        raise NotImplementedError

    def open_audio(self, *, at_source: bool = False) -> None:
        raise NotImplementedError

    def action_audio(self) -> None:
        self.open_audio()

    def action_source_field(self) -> None:
        self.open_audio(at_source=True)

    async def action_stop(self) -> None:
        await self.do(self.pane, Stop())

    async def action_toggle_pause(self) -> None:
        await self.do(self.pane, TogglePause())

    async def action_toggle_listening(self) -> None:
        await self.do(self.pane, ToggleListening())

    async def action_skip(self) -> None:
        await self.do(self.pane, Skip())

    async def action_next_microphone(self) -> None:
        if view := self._shown():
            mode = self.wishes.mode[view.name].or_shown(view.microphone)
            await self._set_microphone(_CYCLE[(_CYCLE.index(mode) + 1) % 3] if mode in _CYCLE else "on")

    async def action_toggle_microphone(self) -> None:
        if view := self._shown():
            mode = self.wishes.mode[view.name].or_shown(view.microphone)
            if mode == "muted":
                await self._set_microphone(self.wishes.before_mute.get(view.name, "on"))
            else:
                self.wishes.before_mute[view.name] = mode
                await self._set_microphone("muted")

    async def action_toggle_recording(self) -> None:
        await self.do(self.pane, ToggleRecording(self.save_into))

    async def action_record(self, sides: Sides, ending: str) -> None:
        await self.do(self.pane, ToggleRecording(self.save_into, sides, ending))

    async def action_block(self, milliseconds: int) -> None:
        await self.do(self.pane, SetBlock(milliseconds / 1000))

    async def action_volume(self, step: float) -> None:
        if view := self._shown():
            wish = self.wishes.volume[view.name]
            volume = min(LOUDEST, max(0.0, round(wish.or_shown(view.volume) + step, 2)))
            wish.make(volume)
            await self.do(self.pane, SetVolume(volume))

    async def action_speed(self, step: float) -> None:
        if view := self._shown():
            wish = self.wishes.speed[view.name]
            speed = min(FASTEST, max(SLOWEST, round(wish.or_shown(view.speed) + step, 2)))
            wish.make(speed)
            await self.do(self.pane, SetSpeed(speed))

    async def action_toggle_silence(self) -> None:
        if view := self._shown():
            await self.do(self.pane, SetMuted(not view.muted))

    async def action_echo(self, mode: EchoMode) -> None:
        await self.do(self.pane, SetEcho(mode))

    async def action_arbitration(self, policy: Arbitration) -> None:
        await self.do(self.pane, SetArbitration(policy))

    async def action_source(self, source: str) -> None:
        await self.do(self.pane, SetSource(source))

    async def action_seek(self, seconds: float) -> None:
        await self.do(self.pane, Seek(seconds))

    async def _set_microphone(self, mode: MicrophoneMode) -> None:
        if pane := self.pane:
            self.wishes.mode[pane.session].make(mode)
            await self.do(pane, SetMicrophone(mode))

    def _shown(self) -> "SessionView | None":
        return self.pane.view if self.pane else None
