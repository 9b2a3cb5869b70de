"""`voxdeck chat`: one turn of a conversation."""

import argparse

from sessions.commands import SendText
from sessions.events import AnswerDone, AnswerText, Event
from sessions.secrets import redact
from sessions.text import one_line, plain
from tui.commands import headless
from tui.commands.speech import Speech


def run(arguments: argparse.Namespace) -> int:
    def prepare() -> headless.Main:
        text = headless.text_argument(arguments.text)
        return lambda: _chat(arguments, text)

    return headless.run(arguments, prepare, "converse")


async def _chat(arguments: argparse.Namespace, text: str) -> None:
    report = headless.Report(as_json=arguments.json)
    async with headless.open_session(arguments, "converse", report) as running:
        speech = Speech()
        done: list[AnswerDone] = []

        def show(t: float, event: Event) -> None:
            speech.hear(t, event)
            match event:
                case AnswerText(delta=delta) if not report.as_json:
                    headless.write(redact(plain(delta)))
                case AnswerDone():
                    done.append(event)
                case _:
                    pass

        running.on_event(show)
        running.session.send(SendText("voxdeck-1", text))
        # Some say that an answer is over only when its speech could have been heard to its end.
        await running.until(lambda: bool(done), "the answer", lambda: speech.seconds)
        report.say("")
        if done[0].status != "completed":
            why = f": {one_line(done[0].reason)}" if done[0].reason else ""
            raise headless.CommandFailed(f"the answer is {done[0].status}{why}")
        if arguments.out:
            speech.write(arguments.out)
            headless.note(f"saved {speech.seconds:.1f} s of speech to {one_line(str(arguments.out))}")
