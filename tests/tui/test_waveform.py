"""Pictures of sound and time: what they show, and how few cells they paint."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.app import App, ComposeResult
from textual.geometry import Region

import styles
from sessions.audio.meter import WaveMeter
from sessions.audio.view import Wave
from sessions.state.snapshot import SessionView
from tests.tui.views import deck, session
from tui.widgets import pulse
from tui.widgets.pulse import Pulse
from tui.widgets.sparkline import latency_words, sparkline
from tui.widgets.waveform import Waveform, shape, sweep


@given(st.lists(st.floats(-1, 2), max_size=30), st.integers(1, 3))
def test_a_shape_has_a_cell_for_each_peak_and_grows_with_it(peaks: list[float], lines: int) -> None:
    rows = shape(peaks, lines)
    assert [len(row) for row in rows] == [len(peaks)] * lines
    heights = [sum(" ▁▂▃▄▅▆▇█".index(row[at]) for row in rows) for at in range(len(peaks))]
    assert all(heights[a] <= heights[b] for a, b in _ordered(peaks))
    assert all(height == 8 * lines for height, peak in zip(heights, peaks, strict=True) if peak >= 1)


def _ordered(peaks: list[float]) -> Iterator[tuple[int, int]]:
    order = sorted(range(len(peaks)), key=peaks.__getitem__)
    return pairwise(order)


def test_a_wave_is_swept_and_so_changes_where_it_is_new() -> None:
    meter = WaveMeter()
    laid = sweep(meter.wave, 10)
    for number in range(1, 200):
        meter.add(number / 200, 0.05)
        before, laid = laid, sweep(meter.wave, 10)
        changed = [at for at in range(10) if laid[at] != before[at]]
        assert set(changed) <= {meter.wave.end % 10 - 1, (meter.wave.end - 1) % 10, (meter.wave.end + 1) % 10}
    assert sorted(laid) == [0, 0, *[number / 200 for number in range(192, 200)]]
    assert sweep(meter.wave, 1) == [0.0] and sweep(Wave(), 3) == [0.0] * 3


def test_latencies_in_bars_and_words() -> None:
    assert sparkline((0.1, 0.2, 0.8), 2) == "▃█"
    assert sparkline((0.0,), 5) == "▁" and sparkline((), 5) == "" and sparkline((1.0,), 0) == ""
    assert latency_words(()) == "none yet"
    assert latency_words((0.3,)) == "last 300 ms · median 300 ms · p95 300 ms"
    assert latency_words((0.1, 0.3, 1.3)) == "last 1.3 s · median 300 ms · p95 1.2 s"


class Pictures(App[None]):
    CSS_PATH = styles.DECK

    def __init__(self, *, low_bandwidth: bool = False) -> None:
        super().__init__()
        self.low_bandwidth = low_bandwidth
        self.painted: list[Region] = []

    def compose(self) -> ComposeResult:
        yield Pulse()
        yield Waveform()

    def on_mount(self) -> None:
        for widget in self.query(Pulse):
            original = widget.refresh

            def refresh(*regions: Region, original: Any = original, **options: Any) -> Any:
                self.painted += regions or [Region(0, 0, 999, 1)]
                return original(*regions, **options)

            widget.refresh = refresh  # type: ignore[method-assign]


@pytest.mark.anyio
async def test_a_pulse_paints_what_is_new_of_what_is_heard_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "EVERY", 0.0)
    meter, silence = WaveMeter(), WaveMeter()
    app = Pictures()

    def shown(view: SessionView) -> str:
        app.painted.clear()
        app.query_one(Pulse).show(view, deck(view))
        return app.query_one(Pulse).render_line(0).text

    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        view = session("converse", latencies=(0.2, 0.4))
        assert shown(view).split() == ["▅█"]
        for _ in range(100):
            silence.add(0.0, 0.05)
            shown(replace(view, heard=silence.wave))
            assert not app.painted, "silence is painted never"
        for _ in range(3):
            meter.add(0.3, 0.05)
        assert "▸ ▄▄▄ " in shown(replace(view, heard=meter.wave))
        meter.add(1.0, 0.05)
        assert "▸ ▄▄▄█ " in shown(replace(view, heard=meter.wave))
        assert app.painted == [Region(5, 0, 1, 1)]
        assert shown(replace(view, heard=silence.wave, said=meter.wave)).startswith("◂ ▄▄▄█ ")
        monkeypatch.setattr(pulse, "EVERY", 60.0)
        assert shown(replace(view, latencies=(9.0,))).endswith(" ▅█")
        app.query_one(Waveform).show(meter.wave)
        assert app.query_one(Waveform).render_line(0).text.rstrip() == "▄▄▄█"


@pytest.mark.anyio
async def test_on_a_slow_line_there_are_no_pictures() -> None:
    async with Pictures(low_bandwidth=True).run_test() as pilot:
        assert not pilot.app.query_one(Pulse).display and not pilot.app.query_one(Waveform).display
