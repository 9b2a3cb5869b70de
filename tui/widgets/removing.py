"""How a widget leaves the screen."""

from textual.widget import Widget


async def remove(widget: Widget) -> None:
    """Remove a widget that has others in it; nothing is painted until the screen is laid out without it.

    What is removed has no styles left, and Textual (8.2) paints it all the same until then: a text area
    would raise a KeyError, which ends the app.
    """
    screen = widget.screen
    with widget.app.batch_update():
        await widget.remove()
        screen.refresh(repaint=False, layout=True)
