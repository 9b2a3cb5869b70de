"""The deck's guide, and what the assistant finds in it."""

import re
from collections.abc import Callable

import anyio
import pytest

from sessions.guide import sections
from sessions.local.assistant import (
    INTRODUCTION,
    NOTHING_ASKED,
    UNKNOWN,
    AssistantFailed,
    ChatCompletions,
    GuideAssistant,
    Message,
)


@pytest.fixture(scope="module")
def ask() -> Callable[..., str]:
    guide = GuideAssistant()

    async def answer(history: list[Message]) -> str:
        return "".join([piece async for piece in guide.answer(history)])

    return lambda *history: anyio.run(answer, list(history))


def user(text: str) -> Message:
    return Message("user", text)


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("How do I quit?", "Control Q"),
        ("which keys are there", "F1 shows help"),
        ("How can I save a transcript?", "Control S"),
        ("What stays on this machine?", "nothing leaves your machine"),
        ("Are you a language model?", "VOXDECK_CHAT_URL"),
        ("Who are you?", "not a language model"),
        ("What can you do?", "deck for realtime AI sessions"),
        ("What does F5 do?", "reconnects"),
        ("I have no microphone", "bundled recording"),
        ("how do I stop the reply", "Escape"),
        ("How do I transcribe a file from a script?", "voxdeck transcribe"),
        ("Where is the log file?", "folder for logs"),
        ("How do I use the Cloudflare gateway?", "CLOUDFLARE_API_TOKEN"),
        ("What is the exit status?", "Status 2"),
        ("How do I open another session?", "Control N"),
        ("How can I compare two models?", "one prompt and one microphone"),
        ("How do I bring back a closed pane?", "Control W and u"),
        ("Where are workspaces saved?", ".local/share/voxdeck/workspaces"),
        ("What happens when the connection breaks?", "waits and is sent then"),
        ("How much does it cost?", "list price"),
        ("What is jump mode?", "Type the letter"),
        ("How do I write several lines?", "Control J"),
        ("How do I export a transcript as subtitles?", "SRT"),
        ("How do I answer a function call?", "Control W and a"),
        ("How do I edit what I said?", "Control W and y"),
        ("How do I make a picture?", "fal"),
        ("How do I see the frames?", "F12"),
        ("How do I make my own theme?", "the folder themes"),
        ("How do I change keys?", "by the action's id"),
        ("How do I use it over a slow line?", "--low-bandwidth"),
    ],
)
def test_questions_about_the_deck_are_answered(ask: Callable[..., str], question: str, fact: str) -> None:
    assert fact in ask(user(question))


@pytest.mark.parametrize(
    "question", ["What is the capital of France?", "Tell me a joke", "Write a poem about the sea", "日本語"]
)
def test_it_says_when_it_does_not_know(ask: Callable[..., str], question: str) -> None:
    assert ask(user(question)).startswith(UNKNOWN) or question == "日本語"


def test_it_says_once_what_it_is(ask: Callable[..., str]) -> None:
    first = ask(user("How do I quit?"))
    assert first.endswith(INTRODUCTION)
    assert INTRODUCTION not in ask(
        user("How do I quit?"), Message("assistant", first), user("And how do I copy?")
    )


def test_the_last_question_counts_and_instructions_where_there_is_none(ask: Callable[..., str]) -> None:
    assert "Control Y" in ask(
        user("How do I quit?"), user("How do I copy text?"), Message("system", "Be brief.")
    )
    assert "Control Q" in ask(Message("system", "How do I quit?"))
    assert ask().startswith(NOTHING_ASKED)
    assert ask(user("")).startswith(NOTHING_ASKED)


def test_sections_are_short_enough_to_be_spoken() -> None:
    titles = [section.title for section in sections()]
    assert len(titles) == len(set(titles)) > 30
    assert titles[0] == "What Voxdeck is"
    for section in sections():
        assert section.chapter and section.text
        sentences = re.split(r"(?<=[.:])\s", section.text)
        assert len(sentences) <= 8
        assert not set("`*#|<>") & set(section.text)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "not an address"])
def test_an_api_that_is_not_there_is_a_clear_failure(url: str) -> None:
    async def answer() -> None:
        async for _ in ChatCompletions(url, "model", None).answer([user("hello")]):
            pass

    with pytest.raises(AssistantFailed, match=re.escape(url)):
        anyio.run(answer)
