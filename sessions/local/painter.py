"""Pictures made from a prompt, without a model: a landscape that the prompt's words choose, and the prompt.

The same prompt, seed, size and format give the same picture.
"""

import io
import math
import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]

_FINER = 2
"""Shapes are drawn so much larger, which smooths their edges when the picture is made small again."""
_LONGEST_TEXT = 300


@dataclass(frozen=True)
class Light:
    """Colours of the sky from its top to the horizon, of the sun or moon, and of the nearest ground."""

    top: Colour
    middle: Colour
    horizon: Colour
    sun: Colour
    ground: Colour
    stars: bool = False


_LIGHTS: dict[str, Light] = {
    "day": Light((43, 108, 176), (116, 178, 222), (226, 240, 242), (255, 252, 232), (24, 62, 58)),
    "dusk": Light((40, 34, 86), (176, 74, 108), (250, 176, 106), (255, 226, 168), (30, 18, 46)),
    "night": Light((7, 11, 32), (22, 36, 78), (68, 88, 132), (240, 240, 226), (5, 8, 20), stars=True),
    "autumn": Light((92, 64, 78), (206, 122, 72), (250, 214, 150), (255, 240, 204), (66, 26, 20)),
    "winter": Light((98, 128, 160), (172, 196, 214), (240, 244, 248), (255, 255, 255), (44, 64, 86)),
    "spring": Light((90, 152, 196), (176, 214, 206), (250, 232, 222), (255, 250, 226), (34, 84, 52)),
    "neon": Light((16, 8, 44), (86, 20, 122), (244, 72, 150), (120, 246, 255), (10, 6, 26), stars=True),
}
_LIGHT_WORDS = {
    "day": "day noon sunny summer blue sky bright morning beach island",
    "dusk": "dusk dawn sunset sunrise evening twilight golden orange red fire warm desert lighthouse",
    "night": "night midnight moon stars star starry dark space galaxy owl dream",
    "autumn": "autumn fall harvest brown amber fox coffee wood leaves",
    "winter": "winter snow ice frozen cold white arctic fog mist storm rain grey gray",
    "spring": "spring garden flower flowers green meadow grass frog tree bird",
    "neon": "neon cyberpunk robot purple pink violet electric synthwave future digital computer",
}
_GROUND_WORDS = {
    "sea": "sea ocean lake water boat ship beach island river coast harbour harbor lighthouse whale wave",
    "mountains": "mountain mountains peak alps rock snow cliff glacier volcano dragon castle wolf",
    "forest": "forest wood woods tree trees pine fox bear deer owl jungle frog cabin",
    "city": "city town street building skyline tower cyberpunk robot neon car office computer train",
    "hills": "hill hills meadow field garden farm flower grass desert valley horse sheep cow cat dog",
}


def paint(prompt: str, seed: int, width: int, height: int, file_format: str) -> bytes:
    """Return the bytes of a "jpeg" or "png" of `width` by `height` pixels."""
    chance = random.Random(f"{seed} {prompt!a}")
    words = re.findall(r"[a-z]+", prompt.lower())
    light = _LIGHTS[_chosen(words, _LIGHT_WORDS, chance)]
    ground = _chosen(words, _GROUND_WORDS, chance)
    picture = _Scene(width, height, light, chance).draw(ground)
    if caption := _in_ascii(prompt):
        _caption(picture, caption)
    file = io.BytesIO()
    picture.save(file, file_format, quality=88, compress_level=3)
    return file.getvalue()


def _chosen(words: list[str], meanings: dict[str, str], chance: random.Random) -> str:
    """Return what most of the words mean; chance decides between equals."""
    counts = {name: sum(word in text.split() for word in words) for name, text in meanings.items()}
    most = max(counts.values())
    return chance.choice([name for name, count in counts.items() if count == most])


class _Scene:
    """Sizes are of the finer picture; `unit` is a hundredth of its shorter side."""

    def __init__(self, width: int, height: int, light: Light, chance: random.Random) -> None:
        self.width, self.height = width * _FINER, height * _FINER
        self.unit = min(self.width, self.height) / 100
        self.light = light
        self.chance = chance
        self.horizon = self.height * chance.uniform(0.52, 0.6)
        self.sun_radius = chance.uniform(6, 11) * self.unit
        self.sun: Point = (
            self.width * chance.uniform(0.22, 0.78),
            self.horizon - chance.uniform(0.6, 3.2) * self.sun_radius,
        )

    def draw(self, ground: str) -> Image.Image:
        picture = self._sky()
        self._pen = ImageDraw.Draw(picture)
        if self.light.stars:
            self._stars()
        self._disc(self.sun, self.sun_radius, self.light.sun)
        grounds: dict[str, Callable[[], None]] = {
            "sea": self._sea,
            "mountains": partial(self._ridges, self._jagged),
            "forest": partial(self._ridges, self._rolling, self._trees),
            "city": partial(self._ridges, self._level, self._houses),
            "hills": partial(self._ridges, self._rolling),
        }
        grounds[ground]()
        return picture.reduce(_FINER)

    def _sky(self) -> Image.Image:
        # A quarter of the size is enough for what has no edges.
        wide, high = math.ceil(self.width / 8), math.ceil(self.height / 8)
        y = np.linspace(0, self.height, high)[:, None]
        x = np.linspace(0, self.width, wide)[None, :]
        stops = np.array([self.light.top, self.light.middle, self.light.horizon], np.float64)
        depth = np.clip(y / self.horizon, 0, 1)[:, 0]
        sky = np.stack([np.interp(depth, [0, 0.6, 1], stops[:, band]) for band in range(3)], axis=-1)
        away = np.hypot(x - self.sun[0], y - self.sun[1]) / self.sun_radius
        glow = (0.75 * np.exp(-away / 3.2))[..., None]
        colours = sky[:, None, :] * (1 - glow) + np.array(self.light.sun) * glow
        image = Image.fromarray(np.rint(colours).astype(np.uint8))
        return image.resize((self.width, self.height), Image.Resampling.BICUBIC)

    def _stars(self) -> None:
        for _ in range(160):
            x, y = self.chance.uniform(0, self.width), self.chance.uniform(0, self.horizon * 0.9)
            size = self.chance.uniform(0.05, 0.22) * self.unit
            self._disc((x, y), size, _mixed(self.light.top, (255, 255, 255), self.chance.uniform(0.4, 1)))

    def _sea(self) -> None:
        light = self.light
        steps = 90
        borders = self.horizon + (self.height - self.horizon) * np.linspace(0, 1, steps + 1) ** 1.4
        for step, (y, below) in enumerate(pairwise(borders.tolist())):
            near = step / steps
            colour = _mixed(_mixed(light.horizon, light.middle, 0.55), light.ground, 0.15 + 0.8 * near)
            self._pen.rectangle((0, y, self.width, below), fill=colour)
            for _ in range(4):
                wide = self.chance.uniform(1, 5 + 16 * near) * self.unit
                x = self.sun[0] + self.chance.gauss(0, 1) * (self.sun_radius * 0.6 + 22 * near * self.unit)
                glint = _mixed(colour, light.sun, 0.75 - 0.5 * near)
                high = (0.12 + 0.5 * near) * self.unit
                self._pen.ellipse((x - wide, y - high, x + wide, y + high), fill=glint)
        self._layer(self._rolling(self.horizon + 0.3 * self.unit, 2.5), 0.35, self.horizon + self.unit)
        self._boat()

    def _boat(self) -> None:
        unit, ground = self.unit, self.light.ground
        x = self.width - self.sun[0] + self.chance.uniform(-6, 6) * unit
        y = self.horizon + self.chance.uniform(9, 15) * unit
        sail = _mixed(self.light.sun, self.light.horizon, 0.4)
        hull = [(-6, 0), (6, 0), (4, 2), (-4, 2)]
        for shape, colour in (
            (hull, ground),
            ([(-0.4, -1), (-0.4, -13), (-5, -1)], sail),
            ([(0.4, -1), (0.4, -11), (4, -1)], sail),
        ):
            self._pen.polygon([(x + right * unit, y + down * unit) for right, down in shape], fill=colour)

    def _ridges(
        self, ridge: Callable[[float, float], list[Point]], growth: Callable[..., None] | None = None
    ) -> None:
        """Draw layers one before the other, darker and larger as they come nearer."""
        layers = 5
        for layer in range(layers):
            near = layer / (layers - 1)
            base = self.horizon + (self.height - self.horizon) * 0.8 * near**1.2
            line = ridge(base, 6 + 6 * near)
            self._layer(line, near, self.height)
            if growth is not None:
                growth(line, near)

    def _layer(self, line: list[Point], near: float, bottom: float) -> None:
        self._pen.polygon([(0, bottom), *line, (self.width, bottom)], fill=self._shade(near))

    def _shade(self, near: float) -> Colour:
        haze = _mixed(self.light.horizon, self.light.middle, 0.7)
        return _mixed(haze, self.light.ground, 0.18 + 0.82 * near)

    def _rolling(self, base: float, height: float) -> list[Point]:
        chance = self.chance
        waves = [
            (chance.uniform(0.6, 1) / number, number * chance.uniform(0.7, 1.3), chance.random())
            for number in range(1, 5)
        ]
        places = np.linspace(0, 1, 160)
        heights = np.full(160, base)
        for size, turns, shift in waves:
            heights -= size * np.sin(math.tau * (turns * places + shift)) * height * 0.6 * self.unit
        return list(zip((places * self.width).tolist(), heights.tolist(), strict=True))

    def _jagged(self, base: float, height: float) -> list[Point]:
        heights = [self.chance.uniform(-0.5, 0.5), self.chance.uniform(-0.5, 0.5)]
        rough = 1.5
        while len(heights) < 200:
            finer = [heights[0]]
            for left, right in pairwise(heights):
                finer += [(left + right) / 2 + self.chance.uniform(-rough, rough), right]
            heights = finer
            rough *= 0.52
        step = self.width / (len(heights) - 1)
        scale = 1.6 * height * self.unit
        return [(number * step, base - (up + 0.6) * scale) for number, up in enumerate(heights)]

    def _level(self, base: float, height: float) -> list[Point]:
        return [(0, base + height * 0.3 * self.unit), (self.width, base + height * 0.3 * self.unit)]

    def _trees(self, line: list[Point], near: float) -> None:
        for _ in range(round(70 - 44 * near)):
            x, y = self.chance.choice(line)
            high = self.chance.uniform(3, 6) * (0.6 + 2.4 * near) * self.unit
            x += self.chance.uniform(-1, 1) * self.unit
            colour = _mixed(self._shade(near), self.light.ground, self.chance.uniform(0, 0.35))
            for part in range(3):
                top, foot = y - high * (1 - 0.24 * part), y - high * (0.5 - 0.25 * part)
                wide = high * (0.16 + 0.07 * part)
                self._pen.polygon([(x, top), (x - wide, foot), (x + wide, foot)], fill=colour)

    def _houses(self, line: list[Point], near: float) -> None:
        x, base, size = 0.0, line[0][1], (0.7 + 1.1 * near) * self.unit
        while x < self.width:
            wide = self.chance.uniform(5, 11) * size
            top = base - self.chance.uniform(6, 26 - 8 * near) * size
            colour = _mixed(self._shade(near), self.light.ground, self.chance.uniform(0, 0.3))
            self._pen.rectangle((x, top, x + wide, base + self.unit), fill=colour)
            lit = _mixed(colour, self.light.sun, 0.85)
            for row in np.arange(top + 1.2 * size, base - size, 2.2 * size):
                for column in np.arange(x + size, x + wide - 1.2 * size, 1.8 * size):
                    if self.chance.random() < 0.3:
                        self._pen.rectangle((column, row, column + 0.8 * size, row + 1.1 * size), fill=lit)
            x += wide + self.chance.uniform(-1, 1.5) * size

    def _disc(self, centre: Point, radius: float, colour: Colour) -> None:
        x, y = centre
        self._pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return a colour on the way from one to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _in_ascii(text: str) -> str:
    """Return what the font can show: Pillow's own, the same on every machine, has no other letters."""
    plain = text.replace("ß", "ss").translate(str.maketrans("‘’“”–—", "''\"\"--"))
    letters = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return " ".join(letters.split())


def _caption(picture: Image.Image, text: str) -> None:
    """Set the text on a darkened band at the foot, as large as fits."""
    text = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."
    width, height = picture.size
    margin = round(min(width, height) * 0.045)
    lines, font = _fitted(text, width - 2 * margin, round(height * 0.2), round(min(width, height) * 0.055))
    step = round(font.size * 1.3)
    top = height - 2 * margin - step * (len(lines) - 1) - round(font.size)
    band = picture.crop((0, top, width, height))
    picture.paste(Image.blend(band, Image.new("RGB", band.size, (8, 10, 18)), 0.62), (0, top))
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        place = (margin, top + margin + number * step)
        pen.text(place, line, font=font, fill=(250, 250, 246), anchor="la")


def _fitted(text: str, width: int, height: int, size: int) -> tuple[list[str], ImageFont.FreeTypeFont]:
    """Return the lines and the largest font, from `size` down, with which they fit; at least 8 pixels."""
    while True:
        font = ImageFont.load_default(size)
        assert isinstance(font, ImageFont.FreeTypeFont)
        lines = _wrapped(text, font, width)
        if size <= 8 or len(lines) * size * 1.3 <= height:
            return lines[: max(1, int(height / (size * 1.3)))], font
        size = max(8, round(size * 0.85))


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in re.findall(r"\S{1,24}", text):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
