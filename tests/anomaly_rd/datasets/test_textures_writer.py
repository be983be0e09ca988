from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from anomaly_rd.datasets import MVTecDataset, check_dataset_cfg, textures_writer
from anomaly_rd.datasets.textures import KINDS, render_texture
from anomaly_rd.datasets.textures_writer import CATEGORY, TexturesSpec, make_textures
from helpers import content
from mminspect.core.errors import UserError

SPEC = TexturesSpec(train=3, good=2, defective=2, calibration=4, size=64)


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('textures') / 'set'
    assert make_textures(out, SPEC)
    return out


def test_files(made: Path) -> None:
    assert len(content(made)) == 1 + 3 + 2 + 3 * 2 * 2 + 4
    assert len(list((made / CATEGORY / 'calibration' / 'good').iterdir())) == 4
    texture = render_texture((0, 2 + KINDS.index('stain'), 1), 64, 'stain')
    image = cv2.imread(str(made / CATEGORY / 'test' / 'stain' / '001.png'))
    np.testing.assert_array_equal(image[..., ::-1], texture.image)
    mask = cv2.imread(str(made / CATEGORY / 'ground_truth' / 'stain' / '001_mask.png'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(mask, texture.mask * 255)


def test_it_passes_the_checks_and_loads(made: Path) -> None:
    for split, count in (('train', 3), ('test', 8)):
        options = dict(data_root=str(made), category=CATEGORY, split=split)
        assert check_dataset_cfg(dict(type='MVTecDataset', **options)) == []
        assert len(MVTecDataset(**options)) == count


def test_images_are_all_different(made: Path) -> None:
    hashes = [value for name, value in content(made).items() if 'ground_truth' not in name]
    assert len(set(hashes)) == len(hashes)


def test_second_run_gives_the_same_bytes_elsewhere(made: Path, tmp_path: Path) -> None:
    make_textures(tmp_path / 'again', SPEC)
    assert content(tmp_path / 'again') == content(made)


def test_image_does_not_depend_on_the_number_of_images(made: Path, tmp_path: Path) -> None:
    make_textures(tmp_path / 'more', TexturesSpec(train=4, good=1, defective=3, calibration=5, size=64))
    more, few = content(tmp_path / 'more'), content(made)
    assert all(more[name] == few[name] for name in more.keys() & few.keys() if name.endswith('.png'))


def test_same_set_is_left_alone(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob('*')}
    assert not make_textures(made, SPEC)
    assert {path: path.stat().st_mtime_ns for path in made.rglob('*')} == before


def test_other_parameters_or_content_are_refused(made: Path, tmp_path: Path) -> None:
    before = content(made)
    with pytest.raises(UserError, match=r"set' exists and is not a complete set of these parameters"):
        make_textures(made, replace(SPEC, seed=1))
    assert content(made) == before
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'thesis.txt').write_text('x')
    with pytest.raises(UserError, match=r"mine' exists"):
        make_textures(tmp_path / 'mine', SPEC)


def test_incomplete_set_is_refused(tmp_path: Path) -> None:
    spec = TexturesSpec(train=1, good=0, defective=1, calibration=0, size=64)
    (tmp_path / 'set').mkdir()
    assert make_textures(tmp_path / 'set', spec)  # an empty folder is fine
    (tmp_path / 'set' / CATEGORY / 'ground_truth' / 'hole' / '000_mask.png').unlink()
    with pytest.raises(UserError, match='not a complete set'):
        make_textures(tmp_path / 'set', spec)


def test_nothing_is_left_of_an_interrupted_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(textures_writer, '_mask_path', interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_textures(tmp_path / 'set', SPEC)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('spec', [TexturesSpec(train=0), TexturesSpec(size=100), TexturesSpec(size=32),
                                  TexturesSpec(good=-1), TexturesSpec(calibration=-1), TexturesSpec(seed=-1)])
def test_impossible_parameters(tmp_path: Path, spec: TexturesSpec) -> None:
    with pytest.raises(UserError, match=r'must|not possible'):
        make_textures(tmp_path / 'set', spec)
    assert not (tmp_path / 'set').exists()


def test_demo_set_takes_seconds(tmp_path: Path) -> None:
    start = time.process_time()
    make_textures(tmp_path / 'set')
    assert time.process_time() - start < 5
    assert len(list((tmp_path / 'set' / CATEGORY / 'train' / 'good').iterdir())) == 64
