"""An input of fal's text-to-image models, its checks, and the pictures that answer it.

Fields and defaults are those of `fal-ai/fast-lcm-diffusion` (@fal-ai/client, August 2026); what steers a
diffusion model is accepted and has no effect here, and neither have pictures as input.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any, cast

import anyio
import anyio.to_thread

SIZES = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
SMALLEST, LARGEST = 64, 2048
"""Pixels of a side."""
MOST_IMAGES = 4

_PAINTERS = anyio.CapacityLimiter(2)


class Unprocessable(Exception):
    """The input is refused with status 422; `errors` is the body's `detail`."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in errors))
        self.errors = errors


@dataclass(frozen=True)
class Picture:
    content: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True)
class Request:
    prompt: str
    width: int
    height: int
    seed: int
    images: int
    file_format: str
    request_id: str

    @classmethod
    def parse(cls, payload: Any) -> "Request":
        """Raise `Unprocessable` with everything that is wrong."""
        if not isinstance(payload, dict):
            raise Unprocessable([_error([], "Input should be an object", "dict_type")])
        fields = _Fields(payload)
        width, height = fields.size()
        request = cls(
            prompt=fields.text("prompt", None),
            width=width,
            height=height,
            seed=fields.number("seed", secrets.randbelow(2**63), 0, 2**64 - 1),
            images=fields.number("num_images", 1, 1, MOST_IMAGES),
            # Newer models call it output_format.
            file_format=fields.choice(
                "output_format" if "output_format" in payload else "format", "jpeg", ("jpeg", "png")
            ),
            request_id=fields.text("request_id", ""),
        )
        if fields.errors:
            raise Unprocessable(fields.errors)
        return request

    async def paint(self) -> tuple[list[Picture], dict[str, Any]]:
        """Return the pictures, and the fields of the result that go beside them."""
        began = time.perf_counter()
        pictures = [
            Picture(
                await anyio.to_thread.run_sync(self._paint, self.seed + number, limiter=_PAINTERS),
                f"image/{self.file_format}",
                self.width,
                self.height,
            )
            for number in range(self.images)
        ]
        return pictures, {
            "seed": self.seed,
            "timings": {"inference": round(time.perf_counter() - began, 4)},
            "has_nsfw_concepts": [False] * self.images,
            "prompt": self.prompt,
            "request_id": self.request_id,
        }

    def _paint(self, seed: int) -> bytes:
        from sessions.local.painter import paint  # noqa: PLC0415 - Pillow, on the thread

        return paint(self.prompt, seed, self.width, self.height, self.file_format)


class _Fields:
    """Reads fields with their types; `errors` collects what is wrong with them."""

    def __init__(self, payload: dict[Any, Any]) -> None:
        self._payload = payload
        self.errors: list[dict[str, Any]] = []

    def text(self, name: str, default: str | None) -> str:
        value = self._payload.get(name, default)
        if name not in self._payload and default is None:
            self._refuse([name], "Field required", "missing")
        elif not isinstance(value, str):
            self._refuse([name], "Input should be a text", "string_type")
        return str(value)

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        value = self._payload.get(name)
        return default if value is None else self._whole([name], value, lowest, highest)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self._payload.get(name, default)
        if value not in choices:
            self._refuse([name], f"Input should be one of {', '.join(choices)}", "literal_error")
        return str(value)

    def size(self) -> tuple[int, int]:
        """Read `image_size`: a name, or an object with `width` and `height`."""
        value = self._payload.get("image_size", "square_hd")
        if isinstance(value, dict):
            width, height = (
                self._whole(["image_size", side], value.get(side, 512), SMALLEST, LARGEST)
                for side in ("width", "height")
            )
            return width, height
        if not isinstance(value, str) or value not in SIZES:
            names = ", ".join(SIZES)
            self._refuse(["image_size"], f"Input should be one of {names}, or a size", "literal_error")
            return 0, 0
        return SIZES[value]

    def _whole(self, loc: list[str], value: Any, lowest: int, highest: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse(loc, "Input should be a whole number", "int_type")
        elif value < lowest:
            self._refuse(loc, f"Input should be at least {lowest}", "greater_than_equal")
        elif value > highest:
            self._refuse(loc, f"Input should be at most {highest}", "less_than_equal")
        return cast(int, value)

    def _refuse(self, loc: list[str], message: str, kind: str) -> None:
        self.errors.append(_error(loc, message, kind))


def _error(loc: list[str], message: str, kind: str) -> dict[str, Any]:
    return {"loc": ["body", *loc], "msg": message, "type": kind}
