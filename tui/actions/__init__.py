"""The deck's actions, once."""

from tui.actions import converse, driving, image, inspector, panes, sound, speak, transcribe, view
from tui.actions.registry import DeckAction

ACTIONS: tuple[DeckAction, ...] = (
    *speak.ACTIONS,
    *sound.ACTIONS,
    *transcribe.ACTIONS,
    *converse.ACTIONS,
    *image.ACTIONS,
    *panes.ACTIONS,
    *inspector.ACTIONS,
    *view.ACTIONS,
    *driving.ACTIONS,
)

BY_ID = {action.id: action for action in ACTIONS}
