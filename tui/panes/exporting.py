"""A pane whose text can be written to files of several kinds."""

from typing import ClassVar, cast

from sessions.live.actions import Export
from tui.panes.pane import Deck, Pane


class ExportingPane(Pane):
    ENDINGS: ClassVar[tuple[str, ...]] = ("txt", "json")
    """Of `sessions.state.export.FORMATS`, those that its session can be written as."""

    async def action_export(self, ending: str) -> None:
        await self.do(Export(cast(Deck, self.app).save_into, ending))

    def action_choose_export(self) -> None:
        from tui.screens.export import ExportScreen  # noqa: PLC0415 - when first opened

        self.app.push_screen(ExportScreen(self.ENDINGS), self._export)

    async def _export(self, ending: str | None) -> None:
        if ending:
            await self.action_export(ending)
