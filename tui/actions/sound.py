"""Actions on sound: what is heard, and how it is played."""

from tui.actions.registry import EVERY, HEARING, SPOKEN, TRANSCRIBE, DeckAction, by_name

ACTIONS = (
    DeckAction(
        "listen",
        "ctrl+l",
        "Listen",
        "Give the pane the microphone, or take it away; in push-to-talk, begin or end to talk",
        HEARING,
        footer=5,
        call="toggle_listening",
    ),
    DeckAction("audio", "f6", "Audio", "Audio: choose devices, and set how the pane sounds", footer=8),
    DeckAction(
        "next_microphone", "f7", "Microphone", "Next microphone mode: on, push-to-talk, voice", HEARING
    ),
    DeckAction(
        "mute", "f8", "Mute", "Mute the pane's microphone, or unmute it", HEARING, call="toggle_microphone"
    ),
    DeckAction(
        "record",
        "f9",
        "Record",
        "Record what the pane hears and says as WAV, or end that",
        EVERY,
        call="toggle_recording",
    ),
    # Not Ctrl+Up, which macOS keeps for itself, nor Alt+Up, which some terminals send as Esc and Up.
    DeckAction("louder", "shift+up", "Louder", "Volume up, by 10 %", SPOKEN, call="volume(0.1)"),
    DeckAction("quieter", "shift+down", "Quieter", "Volume down, by 10 %", SPOKEN, call="volume(-0.1)"),
    DeckAction("faster", "ctrl+w plus", "Faster", "Speed up, at the same pitch", SPOKEN, call="speed(0.1)"),
    DeckAction(
        "slower", "ctrl+w minus", "Slower", "Speed down, at the same pitch", SPOKEN, call="speed(-0.1)"
    ),
    DeckAction(
        "silence",
        "ctrl+o",
        "Silence",
        "Silence the pane: let it speak unheard, or be heard again",
        SPOKEN,
        call="toggle_silence",
    ),
    by_name("echo_cancel", "Echo: cancel what the speaker plays from the microphone", call="echo('cancel')"),
    by_name(
        "echo_half_duplex",
        "Echo: half-duplex, the microphone is silent while something sounds",
        call="echo('half-duplex')",
    ),
    by_name("echo_off", "Echo: off, as with headphones", call="echo('off')"),
    by_name("speak_in_turn", "Several panes speak: one after another (queue)", call="arbitration('queue')"),
    by_name("speak_together", "Several panes speak: all at once (mix)", call="arbitration('mix')"),
    by_name(
        "speak_in_front",
        "Several panes speak: only the one in front is heard (solo)",
        call="arbitration('solo')",
    ),
    by_name(
        "speak_lowered", "Several panes speak: the others are lowered (duck)", call="arbitration('duck')"
    ),
    by_name("hear_microphone", "Hear the microphone", HEARING, call="source('microphone')"),
    by_name("hear_source", "Hear a file, or another source", HEARING, call="source_field"),
    by_name("hear_tone", "Hear a test tone of 440 Hz", HEARING, call="source('tone:440')"),
    by_name("hear_speak", "Hear what the Speak pane says", HEARING, call="source('pane:speak')"),
    by_name("hear_converse", "Hear what the Converse pane says", TRANSCRIBE, call="source('pane:converse')"),
    by_name("file_forward", "Go 10 s on in the file that the pane hears", HEARING, call="seek(10)"),
    by_name("file_back", "Go 10 s back in the file that the pane hears", HEARING, call="seek(-10)"),
    by_name("block_long", "Send the microphone 100 ms at a time: lighter", HEARING, call="block(100)"),
    by_name("block_short", "Send the microphone 20 ms at a time: sooner", HEARING, call="block(20)"),
    by_name(
        "record_heard", "Record only what the pane hears, as WAV", HEARING, call="record('input', 'wav')"
    ),
    by_name("record_said", "Record only what the pane says, as WAV", SPOKEN, call="record('output', 'wav')"),
    by_name(
        "record_flac",
        "Record what the pane hears and says as FLAC",
        EVERY,
        call="record('both', 'flac')",
    ),
)
