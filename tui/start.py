"""The command's first step: so small that a Ctrl+C finds nothing half imported."""


def main() -> int:
    try:
        from tui.cli import main as run  # noqa: PLC0415

        return run()
    except KeyboardInterrupt:
        return 130
