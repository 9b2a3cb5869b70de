"""What a pane's frame tells about its sound: whatever is not as usual."""

from collections.abc import Callable

from sessions.state.snapshot import DeckView, SessionView
from sessions.text import one_line
from tui.words import output_trouble, percent, times


def uses_microphone(view: SessionView) -> bool:
    return view.source == "microphone" and (view.listening or view.microphone == "push-to-talk")


def hearing_remarks(view: SessionView, deck: DeckView) -> list[str]:
    """Where the sound comes from when it is not a microphone, and what is wrong with that."""
    microphone = deck.audio.input
    if view.source != "microphone":
        return [f"hears: {one_line(view.source, 50)}"] if view.listening else []
    if not uses_microphone(view):
        return []
    name = one_line(microphone.name, 50)
    remarks = [f"hears: {name}"] if name and not microphone.live else []
    return [*remarks, microphone.notice] if microphone.notice else remarks


def speaking_remarks(
    view: SessionView, deck: DeckView, shown: Callable[[str], str] = str.capitalize
) -> list[str]:
    """How the pane's speech is played, and what keeps it from being heard.

    `shown`: what the pane of a session is called on the screen.
    """
    other = speaks_first(view, deck)
    remarks = [f"waits for {shown(other)}"] if other else []
    if view.muted:
        remarks.append("silenced (Ctrl+O)")
    if view.volume != 1.0:
        remarks.append(f"volume {percent(view.volume)}")
    if view.speed != 1.0:
        remarks.append(f"speed {view.speed:.1f}×")
    if view.underruns:
        remarks.append(times(view.underruns, "underrun"))
    # That there is no speaker is the title bar's to tell, until something is to be heard.
    concerns = view.speech or view.answering or view.log
    trouble = (deck.audio.output.notice if concerns else "") or output_trouble(deck.audio.output)
    return [*remarks, trouble] if trouble else remarks


def speaks_first(view: SessionView, deck: DeckView) -> str:
    """The session that this one's speech waits for, as far as the views tell."""
    if deck.audio.arbitration != "queue" or _sounds(view):
        return ""
    waits = view.answering or any(speech.phase in ("queued", "synthesising") for speech in view.speech)
    if not waits:
        return ""
    others = [other for other in deck.sessions if other.name != view.name]
    sounding = [other for other in others if _sounds(other)]
    if not sounding and not view.answering:
        sounding = [other for other in others if other.answering]
    return sounding[0].name if sounding else ""


def _sounds(view: SessionView) -> bool:
    return any(speech.phase == "playing" for speech in view.speech)
