"""`make bench`: every benchmark, each against a peer in the same run. Figures are ratios first."""

from tests.benchmarks import decoding, first_paint, messages, quitting, screen, sound


def main() -> None:
    messages.run()
    decoding.run()
    first_paint.run()
    quitting.run()
    screen.run()
    sound.run()


main()
