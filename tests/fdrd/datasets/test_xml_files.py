"""XML without what makes it dangerous; test_voc_xml and test_cvat have the rest."""
from __future__ import annotations

from pathlib import Path

import pytest

from fdrd.datasets.xml_files import finite, read_xml
from mminspect.core.errors import UserError


def test_elements_have_text_lines_and_parts(tmp_path: Path) -> None:
    (tmp_path / 'a.xml').write_text('<a b="1">\n<C>x<d/>y</C>\n<c> z </c></a>')
    root = read_xml(tmp_path / 'a.xml')
    assert (root.kind, root.line, root.number('b')) == ('a', 1, 1.0)
    assert [(part.text, part.line) for part in root.all('c')] == [('xy', 2), (' z ', 3)]
    assert root.first('c').text == 'xy' and root.first('e') is None
    assert [part.kind for part in root.within()] == ['C', 'd', 'c']
    assert str(root.first('c')) == f"the <C> in line 2 of '{tmp_path}/a.xml'"
    with pytest.raises(UserError, match=r"the <a> in line 1 of '.*' has c=None: it must be a number"):
        root.number('c')


@pytest.mark.parametrize(('text', 'value'), [('1.5', 1.5), (' 2 ', 2.0), ('-1e3', -1000.0), ('nan', None),
                                             ('inf', None), ('1_0', None), ('', None), (None, None), ('1e400', None),
                                             ('1e16', None)])
def test_numbers(text: str | None, value: float | None) -> None:
    assert finite(text) == value


@pytest.mark.parametrize('text', [
    '<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd"> %b;]><a/>', '<!DOCTYPE a [<!ENTITY b "c">]><a/>',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', '<!DOCTYPE a SYSTEM "x"><a>&b;</a>'])
def test_entities_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / 'a.xml').write_text(text)
    with pytest.raises(UserError, match='declares or uses an entity in line 1'):
        read_xml(tmp_path / 'a.xml')


def test_what_needs_no_declaration_is_read(tmp_path: Path) -> None:
    (tmp_path / 'a.xml').write_text('<!DOCTYPE a SYSTEM "x"><a>&lt;&#65;<![CDATA[&b;]]></a>')
    assert read_xml(tmp_path / 'a.xml').text == '<A&b;'
