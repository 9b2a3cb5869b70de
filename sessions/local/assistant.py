"""Who answers in a conversation: the deck's guide, or any API of OpenAI's chat completions shape."""

import json
import os
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import anyio.lowlevel
import httpx
from httpx_sse import aconnect_sse

from sessions.guide import Section, sections
from sessions.local.threads import EngineThreads


@dataclass(frozen=True)
class Message:
    role: Literal["system", "user", "assistant"]
    text: str


class AssistantFailed(Exception):
    """There is no answer; the message says why in one line."""


class Assistant(Protocol):
    def answer(self, history: list[Message]) -> AsyncGenerator[str]:
        """Stream the answer to the last message of the user in pieces; raises `AssistantFailed`."""


def assistant_from_environment() -> Assistant:
    """The API that `VOXDECK_CHAT_URL`, `VOXDECK_CHAT_MODEL` and `VOXDECK_CHAT_KEY` name; else the guide."""
    url = os.environ.get("VOXDECK_CHAT_URL")
    if not url:
        return GuideAssistant()
    return ChatCompletions(
        url, os.environ.get("VOXDECK_CHAT_MODEL") or "default", os.environ.get("VOXDECK_CHAT_KEY")
    )


LEAST_SHARE = 0.5
"""More than this share of a question's words must stand in the section that answers it."""

INTRODUCTION = "I am not a language model: I look things up in the deck's guide."
UNKNOWN = (
    "I did not find that in the deck's guide. "
    "I can tell you, for example, which keys there are, how to save a transcript, "
    "or what stays on this machine."
)
NOTHING_ASKED = "I did not catch a question."

_STOP_WORDS = """
    a about an and are at be can could deck did do does for from have how i in is it its me my of on or
    please should tell that the there this to use was what when where which why will with would you your
"""


class GuideAssistant:
    """Finds the section of the guide that answers a question best (BM25); it makes nothing up."""

    def __init__(self) -> None:
        self._threads: EngineThreads[_GuideIndex] = EngineThreads("guide", _GuideIndex)

    async def answer(self, history: list[Message]) -> AsyncGenerator[str]:
        question = asked(history)
        section = await self._threads.run(lambda index: index.find(question))
        if not question.strip():
            answer = NOTHING_ASKED
        elif section is None:
            answer = UNKNOWN
        else:
            answer = " ".join(section.text.split())
        if not any(message.role == "assistant" for message in history):
            answer = f"{answer} {INTRODUCTION}"
        for piece in re.findall(r"\S+\s*", answer):
            await anyio.lowlevel.checkpoint()
            yield piece


def asked(history: list[Message]) -> str:
    """Return what the user said last, or where nobody said anything, the last instructions."""
    for role in ("user", "system"):
        for message in reversed(history):
            if message.role == role:
                return message.text
    return ""


class _GuideIndex:
    def __init__(self) -> None:
        import bm25s  # noqa: PLC0415 - 0.2 s, on the thread

        self._sections = sections()
        # The title counts twice: it names what the section is about.
        self._terms = [terms(f"{section.title} {section.title} {section.text}") for section in self._sections]
        self._index: Any = bm25s.BM25()
        self._index.index(self._terms, show_progress=False)

    def find(self, question: str) -> Section | None:
        """Return the section that answers best; a question without words of weight is about the deck."""
        words = terms(question)
        if not words:
            return self._sections[0]
        found, _ = self._index.retrieve([words], k=1, show_progress=False)
        best = found[0][0]
        share = sum(word in self._terms[best] for word in words) / len(words)
        return self._sections[best] if share > LEAST_SHARE else None


def terms(text: str) -> list[str]:
    """Words that carry meaning, with the commonest English endings taken off."""
    words = re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))
    return [
        re.sub(r"(?<=\w{3})(ing|ed|es|s|e)$", "", word)
        for word in words
        if len(word) > 1 and word not in _STOP_WORDS.split()
    ]


class ChatCompletions:
    """Streams from `/chat/completions` of any API of that shape."""

    def __init__(self, url: str, model: str, key: str | None) -> None:
        """`url` is the API's base, or the full address that ends in `/chat/completions`."""
        base = url.rstrip("/")
        self._url = base if base.endswith("/chat/completions") else f"{base}/chat/completions"
        self._model = model
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(headers=headers, timeout=httpx.Timeout(60.0, connect=5.0))

    async def answer(self, history: list[Message]) -> AsyncGenerator[str]:
        messages = [{"role": message.role, "content": message.text} for message in history]
        body = {"model": self._model, "messages": messages, "stream": True}
        try:
            async with aconnect_sse(self._client, "POST", self._url, json=body) as events:
                if events.response.is_error:
                    await events.response.aread()
                    raise AssistantFailed(_refusal(events.response))
                async for event in events.aiter_sse():
                    if event.data == "[DONE]":
                        return
                    if piece := _piece(event.data):
                        yield piece
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AssistantFailed(f"{self._url}: {error or type(error).__name__}") from error


def _piece(data: str) -> str:
    try:
        chunk = json.loads(data)
        if "error" in chunk:
            raise AssistantFailed(_message(chunk))
        choices = chunk["choices"]
        return (choices[0]["delta"].get("content") or "") if choices else ""
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise AssistantFailed("the chat API sent something that is not a chat completion chunk") from error


def _refusal(response: httpx.Response) -> str:
    try:
        detail = _message(response.json())
    except ValueError:
        detail = response.text[:200]
    return f"the chat API answered {response.status_code}: {detail or response.reason_phrase}"


def _message(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        error = error.get("message")
    return " ".join(str(error or "").split())[:200]
