"""What all reports have."""
from mminspect.core.page import page


def test_a_title_is_text_and_a_body_is_html() -> None:
    text = page('a <b>', '<p>words</p>', '.x { color: red }')
    assert text.count('a &lt;b&gt;') == 2 and '<p>words</p>' in text and '.x { color: red }' in text
    assert text.startswith('<!doctype html>') and text.rstrip().endswith('</html>') and 'http' not in text
