"""Actions of the transcribe pane."""

from tui.actions.registry import HEARING, TRANSCRIBE, DeckAction, by_name

ACTIONS = (
    DeckAction(
        "timestamps",
        "ctrl+w t",
        "Timestamps",
        "Show or hide when each utterance began",
        TRANSCRIBE,
        call="toggle_timestamps",
    ),
    DeckAction(
        "confidence",
        "ctrl+w o",
        "Confidence",
        "Underline the words of which the provider is not sure, or do not",
        TRANSCRIBE,
        call="toggle_confidence",
    ),
    DeckAction(
        "export",
        "ctrl+w s",
        "Export",
        "Export what was said: choose TXT, JSON, or subtitles of a transcript (SRT, VTT)",
        HEARING,
        call="choose_export",
    ),
    by_name("export_txt", "Export what was said as text (TXT)", HEARING, call="export('txt')"),
    by_name("export_srt", "Export the transcript as subtitles (SRT)", TRANSCRIBE, call="export('srt')"),
    by_name("export_vtt", "Export the transcript as web subtitles (VTT)", TRANSCRIBE, call="export('vtt')"),
    by_name("export_json", "Export what was said as data (JSON)", HEARING, call="export('json')"),
)
