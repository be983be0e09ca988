"""A report as one page of HTML that needs no network: what all reports look like."""
from __future__ import annotations

import html

#: Readable from 390 pixels on; wide tables scroll by themselves.
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222;
  overflow-wrap: anywhere }
img { max-width: 100%; height: auto }
table { border-collapse: collapse }
td, th { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ccc }
td:first-child, th:first-child { text-align: left; word-break: break-all }
figure { margin: 0 } figcaption { font-size: .85rem; word-break: break-all }
.pictures img { width: 100% }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem }
.defect { color: #b00020; font-weight: 600 } pre { background: #f4f4f4; padding: .8rem; overflow-x: auto }
"""


def page(title: str, body: str, style: str = '') -> str:
    """A whole document.

    Args:
        title: As text; it is escaped, and stands above the body too.
        body: HTML.
        style: More rules of CSS.
    """
    title = html.escape(title)
    return ('<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<title>{title}</title>\n<style>{STYLE}{style}</style></head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>'
            '</html>\n')
