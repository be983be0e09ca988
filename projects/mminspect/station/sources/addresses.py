"""How a camera in the network is given, and how its address is shown."""
from __future__ import annotations

import re

NETWORK_CAMERA = 'camera:rtsp://HOST/PATH (or rtsp://USER:PASSWORD@HOST/PATH, http://...)'
_URL = re.compile(r'[a-z][a-z0-9+.-]+://', re.IGNORECASE)


def is_url(address: str) -> bool:
    """Whether it leads into the network, other than 'C://line.avi'."""
    return bool(_URL.match(address))


def without_password(text: str) -> str:
    """An address or a source's text for messages: what stands before the host of a URL is left out."""
    return re.sub('//.*@', '//', text)
