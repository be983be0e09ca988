"""The picture of the packages."""
import xml.etree.ElementTree as ET

import pytest

from helpers import ROOT, load_tool

architecture = load_tool('docs/architecture')


@pytest.fixture
def projects(tmp_path):
    """station -> inspection -> core in mminspect, method -> inspection and core, core -> method in a function."""
    files = {
        'mminspect/__init__.py': '', 'mminspect/core/errors.py': 'import os\ndef f():\n    import method.models\n',
        'mminspect/inspection/load.py': 'from mminspect.core import errors\nfrom .spec import x\n',
        'mminspect/station/app.py': 'import mminspect.core.errors\nfrom mminspect import inspection\n',
        'method/models/a.py': 'from mminspect.inspection import load\nfrom mminspect.core.errors import E\nimport os'}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_imports_are_those_between_packages(projects):
    assert architecture.read_imports(projects) == {
        ('mminspect.core', 'method'): False, ('mminspect.inspection', 'mminspect.core'): True,
        ('mminspect.station', 'mminspect.core'): True, ('mminspect.station', 'mminspect.inspection'): True,
        ('method', 'mminspect.inspection'): True, ('method', 'mminspect.core'): True}


def test_what_a_longer_way_says_is_left_out(projects):
    assert architecture.telling(architecture.read_imports(projects)) == {
        ('mminspect.core', 'method'): False, ('mminspect.inspection', 'mminspect.core'): True,
        ('mminspect.station', 'mminspect.inspection'): True, ('method', 'mminspect.inspection'): True}


def test_boxes_stand_on_what_they_import(projects):
    imports = architecture.read_imports(projects)
    assert architecture.levels(imports) == {'mminspect.core': 0, 'mminspect.inspection': 1, 'mminspect.station': 2,
                                            'method': 2}
    rows = {name: y for name, (_, y) in architecture.places(imports).items()}
    assert rows['method'] == rows['mminspect.station'] < rows['mminspect.inspection'] < rows['mminspect.core']


def test_packages_that_import_each_other_stand_side_by_side():
    imports = {('a', 'b'): True, ('b', 'a'): True, ('a', 'c'): True, ('d', 'b'): True, ('d', 'c'): True}
    assert architecture.levels(imports) == dict(a=1, b=1, c=0, d=2)
    assert ('d', 'c') not in architecture.telling(imports) and ('b', 'a') in architecture.telling(imports)


def test_no_two_boxes_overlap():
    corners = list(architecture.places(architecture.read_imports(ROOT / 'projects')).values())
    for i, (x1, y1) in enumerate(corners):
        for x2, y2 in corners[:i]:
            assert abs(x1 - x2) >= architecture.WIDTH or abs(y1 - y2) >= architecture.HEIGHT


def test_arrows_pass_the_boxes_between():
    corners = [(0, 0), (0, 100), (210, 100), (420, 100), (210, 200)]
    middle = architecture.WIDTH // 2
    assert architecture.way((middle, 0), (210 + middle, 200), corners) == [
        (88, 42), (193, 100), (193, 142), (298, 200)]  # the gap between the first two boxes of the row
    assert architecture.way((298, 200), (middle, 0), corners) == [(298, 200), (193, 142), (193, 100), (88, 42)]


def test_the_picture_in_the_docs_is_what_the_files_say():
    assert architecture.main(['--check']) == 0


def test_check_changes_nothing(monkeypatch, tmp_path, capsys):
    picture = tmp_path / 'docs' / 'images' / 'architecture.svg'
    picture.parent.mkdir(parents=True)
    (tmp_path / 'projects').symlink_to(ROOT / 'projects')
    monkeypatch.setattr(architecture, 'ROOT', tmp_path)
    monkeypatch.setattr(architecture, 'PICTURE', picture)
    assert architecture.main(['--check']) == 1 and not picture.exists()
    assert 'docs/images/architecture.svg is not what the files say' in capsys.readouterr().err
    assert architecture.main([]) == 0 and architecture.main(['--check']) == 0
    picture.write_text(picture.read_text().replace('fdrd', 'frdd'))
    assert architecture.main(['--check']) == 1


def test_the_page_explains_every_box():
    boxes = {text.text for text in ET.parse(architecture.PICTURE).iter('{http://www.w3.org/2000/svg}text')}
    page = (ROOT / 'docs' / 'architecture.md').read_text()
    assert len(boxes) >= 12 and [name for name in boxes if f'| `{name}` |' not in page] == []
