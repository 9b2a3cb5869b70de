"""µ-law speech (ITU-T G.711) to and from 16-bit samples."""

import struct

_BIAS, _LARGEST = 132, 32635


def _expand(code: int) -> int:
    code = ~code & 0xFF
    size = (((code & 0x0F) << 3) + _BIAS << (code >> 4 & 0x07)) - _BIAS
    return -size if code & 0x80 else size


def _compress(sample: int) -> int:
    size = min(abs(sample), _LARGEST) + _BIAS
    segment = size.bit_length() - 8
    return ~((0x80 if sample < 0 else 0) | segment << 4 | size >> segment + 3 & 0x0F) & 0xFF


_SAMPLES = [struct.pack("<h", _expand(code)) for code in range(256)]


def decode(data: bytes) -> bytes:
    """Return signed 16-bit little-endian samples, one for each byte."""
    return b"".join([_SAMPLES[code] for code in data])


def encode(pcm: bytes) -> bytes:
    """Return a byte for each signed 16-bit little-endian sample; an odd last byte is left out."""
    count = len(pcm) // 2
    return bytes(map(_compress, struct.unpack_from(f"<{count}h", pcm)))
