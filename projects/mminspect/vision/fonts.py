"""Words of any script in pictures: OpenCV's own letters are ASCII, and draw every other one as a question mark.

Fonts are looked for among those of the system, then among those that packages of pip bring. None comes with this
project: one with Chinese characters has megabytes. ASCII is drawn with the font that is part of Pillow, because fonts
of other scripts may lack it.
"""
from __future__ import annotations

import functools
import importlib.util
import logging
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

logger = logging.getLogger(__name__)
#: Where systems keep fonts with Chinese characters, if fontconfig is not there to be asked: Debian, Fedora, macOS,
#: Windows.
PLACES = (
    '/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf', '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc',
    '/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc', '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
    '/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc',
    '/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc',
    '/System/Library/Fonts/PingFang.ttc', '/System/Library/Fonts/STHeiti Medium.ttc',
    '/System/Library/Fonts/Hiragino Sans GB.ttc', 'C:/Windows/Fonts/msyh.ttc', 'C:/Windows/Fonts/simhei.ttf',
    'C:/Windows/Fonts/simsun.ttc', 'C:/Windows/Fonts/malgun.ttf', 'C:/Windows/Fonts/segoeui.ttf')
#: Packages of pip with fonts in them; matplotlib's have Greek, Cyrillic and more, but no Chinese.
PACKAGES = ('mplfonts', 'matplotlib')
SUFFIXES = ('.ttf', '.otf', '.ttc')
#: Draws a box for every letter, another one for each script.
_LAST_RESORT = re.compile('last.?resort', re.IGNORECASE)
_NOT_PLAIN = re.compile('bold|italic|oblique|black|thin|light|mono|serif', re.IGNORECASE)
#: A code point that is no letter: whatever is drawn for it stands for a missing letter.
_NO_LETTER = '\U0010ffff'
#: Pixels of letters that are compared with it.
_SIDE = 24


def shown(text: str, instead: str | None = None) -> str:
    """The text as far as it can be drawn.

    Args:
        text: Such as the name of a class.
        instead: What stands for it where no font has its letters, such as the label's number; by default its letters as
            codes. A warning tells of it once.
    """
    if find_fonts(text) is not None:
        return text
    _warn()
    return text.encode('ascii', 'backslashreplace').decode() if instead is None else instead


def find_fonts(text: str) -> Mapping[str, Path] | None:
    """Fonts for the letters of a text that are not ASCII, the same for all of them if one has them; None: one has none.
    """
    letters = {letter for letter in text if not letter.isascii() and letter.isprintable() and not letter.isspace()}
    return _find_fonts(''.join(sorted(letters)))


def text_size(text: str, size: int) -> tuple[int, int]:
    """Width of a text of letters of ``size`` pixels, and its height above the line that they stand on, in pixels."""
    runs = list(_runs(text, size))
    return (max(1, round(sum(font.getlength(run) for run, font in runs))),
            max(1, round(max((-font.getbbox(run, anchor='ls')[1] for run, font in runs), default=1))))


def draw_text(picture: NDArray[np.uint8], text: str, corner: tuple[int, int], size: int,
              colour: Sequence[int], outline: Sequence[int], width: int) -> None:
    """Draw one line of a text for which there are fonts.

    Args:
        picture: (H, W, 3); it is changed. Colours are in the order of its channels.
        text: See :func:`shown`.
        corner: Left end of the line that the letters stand on, x and y in pixels.
        size: Of the letters, in pixels.
        colour: Of the letters, 0..255.
        outline: Of what surrounds them.
        width: Of that, in pixels.
    """
    wide, _ = text_size(text, size)
    left, top = max(0, corner[0] - width), max(0, corner[1] - 2 * size)
    part = picture[top:corner[1] + size, left:corner[0] + wide + 2 * width]
    if not part.size:
        return
    image = Image.fromarray(np.ascontiguousarray(part))
    drawing, x = ImageDraw.Draw(image), float(corner[0] - left)
    for run, font in _runs(text, size):
        drawing.text((x, corner[1] - top), run, tuple(colour), font, anchor='ls', stroke_width=width,
                     stroke_fill=tuple(outline))
        x += font.getlength(run)
    part[:] = np.asarray(image)


def families(text: str) -> list[str]:
    """Names of fonts for matplotlib's ``fontfamily``: it draws every letter with the first of them that has it."""
    from matplotlib.font_manager import FontProperties, fontManager  # here: only who draws figures needs it
    names = ['sans-serif']
    for path in dict.fromkeys((find_fonts(text) or {}).values()):
        if not any(known.fname == str(path) for known in fontManager.ttflist):
            fontManager.addfont(str(path))
        names.append(FontProperties(fname=str(path)).get_name())
    return names


@functools.lru_cache(maxsize=1024)
def _find_fonts(letters: str) -> Mapping[str, Path] | None:
    if not letters:
        return {}
    one = _find_font(letters)
    found = {letter: one or _find_font(letter) for letter in letters}
    return None if None in found.values() else found


@functools.lru_cache(maxsize=4096)
def _find_font(letters: str) -> Path | None:
    return next((path for path in candidates(letters) if _covers(path, letters)), None)


def candidates(letters: str) -> Iterator[Path]:
    """Files of fonts, those first that the system says have these letters; they exist, but need not have them."""
    if shutil.which('fc-list'):
        codes = ' '.join(f'{ord(letter):x}' for letter in letters)
        yield from _existing(sorted(_said('fc-list', f':charset={codes}', '--format=%{file}\n').splitlines()))
    yield from _existing(PLACES)
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            found = (str(path) for path in Path(folder).rglob('*') if path.suffix.lower() in SUFFIXES)
            yield from _existing(sorted(found))


def _existing(paths: Sequence[str]) -> Iterator[Path]:
    """Plain letters first: bold or slanted ones are hard to read where they are small."""
    plain = [path for path in paths if not _NOT_PLAIN.search(Path(path).name)]
    return (path for path in map(Path, [*plain, *paths]) if path.is_file() and not _LAST_RESORT.search(path.name))


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ''


def _covers(path: Path, letters: str) -> bool:
    try:
        font = _font(path, _SIDE)
        missing = _drawn(font, _NO_LETTER)
        return all(_drawn(font, letter) != missing for letter in letters)
    except OSError:  # no font that FreeType knows
        return False


def _drawn(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    image = Image.new('L', (2 * _SIDE, 2 * _SIDE))
    ImageDraw.Draw(image).text((0, 0), letter, 255, font)
    return image.tobytes()


def _runs(text: str, size: int) -> Iterator[tuple[str, ImageFont.FreeTypeFont]]:
    """Parts of a text, each with the one font of its letters."""
    fonts = find_fonts(text) or {}
    for path, letters in groupby(filter(str.isprintable, text), fonts.get):
        yield ''.join(letters), _font(path, size)


@functools.lru_cache(maxsize=64)
def _font(path: Path | None, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(str(path), size)


@functools.cache
def _warn() -> None:
    logger.warning(
        'No font of this machine has the letters of some names, in whose place numbers of labels or codes of letters '
        'are shown: install one, for Chinese with "apt-get install fonts-wqy-microhei" (Debian) or "pip install '
        'mplfonts".')
