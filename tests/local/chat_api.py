"""An HTTP server with the shape of OpenAI's chat completions; the last message tells it what to do."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        asked = request["messages"][-1]["content"]
        if self.path != "/v1/chat/completions" or self.headers["authorization"] != "Bearer k":
            self._answer(404, b"not found")
        elif asked == "refuse":
            self._answer(429, json.dumps({"error": {"message": "too many\nquestions"}}).encode())
        else:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            try:
                for event in self._events(asked, request["messages"]):
                    self.wfile.write(f"data: {event}\n\n".encode())
            except OSError:
                self.close_connection = True

    def _events(self, asked: str, messages: list[Any]) -> Iterator[str]:
        yield json.dumps({"choices": []})
        match asked:
            case "go on":
                for number in range(1000):
                    time.sleep(0.01)
                    yield _chunk(f"Word {number}. ")
            case "garble":
                yield _chunk("Well, ")
                yield "{"
            case "fail":
                yield json.dumps({"error": {"message": "the model is gone"}})
            case _:
                yield _chunk("I read ")
                yield _chunk(" / ".join(f"{message['role']}: {message['content']}" for message in messages))
        yield json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        yield "[DONE]"

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Tests are quiet."""


def _chunk(text: str) -> str:
    return json.dumps({"choices": [{"delta": {"content": text}}]})


@contextmanager
def chat_api() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
