"""A part of the title bar that carries an action out when it is clicked."""

from tui.widgets.line import Line


class Part(Line):
    def __init__(self, name: str, action: str, text: str = "") -> None:
        super().__init__(text, name=name)
        self._action = action

    async def on_click(self) -> None:
        await self.run()

    async def run(self) -> None:
        """Carry the action out, where it applies."""
        await self.app.run_action(f"app.perform('{self._action}')")
