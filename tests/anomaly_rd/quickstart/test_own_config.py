"""The config that is written for a folder of pictures."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anomaly_rd.quickstart import own_config
from anomaly_rd.quickstart.own_config import name_of, write_config
from mminspect.core.errors import UserError
from mminspect.runtime import load_config


def write_picture(path: Path) -> None:
    """Noise of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = [ord(letter) for letter in path.name]
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for index in range(20):
        write_picture(tmp_path / 'photos' / 'caps' / 'good' / f'{index}.png')
    monkeypatch.chdir(tmp_path)
    return Path('photos/caps/good')


@pytest.mark.parametrize(('folder', 'name'), [
    ('/a/caps', 'caps'), ('/a/caps/good', 'caps'), ('/a/caps/train/good', 'caps'), ('/a/my caps (new)', 'my_caps_new'),
    ('/a/normal', 'a'), ('/', 'part'), ('/good', 'part'), ('/a/瓶子', '瓶子')])
def test_name(folder: str, name: str) -> None:
    assert name_of(Path(folder)) == name


def test_it_trains_the_folder_and_keeps_a_fifth(photos: Path) -> None:
    path = write_config(photos)
    assert path == Path('work_dirs/caps/config/caps.py')
    cfg = load_config(str(path))
    assert cfg.train_dataloader.dataset.data_root == str(photos.resolve())
    assert cfg.train_dataloader.dataset.holdout == cfg.test_dataloader.dataset.holdout == 0.2
    assert cfg.train_dataloader.batch_size == 16
    # 16 of the 20 pictures are one step, of which 200 are made
    assert cfg.train_cfg.max_epochs == cfg.train_cfg.val_interval == 200
    assert cfg.work_dir == 'work_dirs/caps'  # of the config's name: where `mminspect train FOLDER` writes, too


def test_the_number_of_steps_stays(tmp_path: Path) -> None:
    for index in range(50):
        write_picture(tmp_path / 'many' / f'{index}.png')
    cfg = load_config(str(write_config(tmp_path / 'many', tmp_path / 'run')))
    assert cfg.train_cfg.max_epochs == 67  # ceil(200 steps / ceil(40 pictures / 16))


def test_what_the_user_changes_is_kept(photos: Path) -> None:
    path = write_config(photos)
    path.write_text(path.read_text() + 'randomness = dict(seed=7)\n')
    assert write_config(photos) == path and load_config(str(path)).randomness.seed == 7


def test_another_folder_of_the_same_name(photos: Path, tmp_path: Path) -> None:
    write_config(photos)
    for index in range(10):
        write_picture(tmp_path / 'others' / 'caps' / f'{index}.png')
    with pytest.raises(UserError, match=r"'work_dirs/caps' are of other pictures .*others/caps' holds now: .*--out"):
        write_config(tmp_path / 'others' / 'caps')


def test_folders_that_will_not_do(photos: Path, tmp_path: Path) -> None:
    (tmp_path / 'empty').mkdir()
    for index in range(3):
        write_picture(tmp_path / 'few' / f'{index}.png')
    for folder, said in (('none', "'none' is no folder: name the folder"), ('few', 'holds 3 good pictures'),
                         ('empty', 'there are no good training images')):
        with pytest.raises(UserError, match=said):
            write_config(folder)
    for index in range(10):
        write_picture(tmp_path / 'mixed' / f'{index}.png')
    write_picture(tmp_path / 'mixed' / 'defect_1.png')
    with pytest.raises(UserError, match="bears the name of a defect \\('defect'\\)"):
        write_config('mixed')
    assert not (tmp_path / 'work_dirs').exists()


def test_other_pictures_once_a_training_has_begun(photos: Path) -> None:
    """Those kept from the training are chosen among all of them: with others, trained pictures would be among them."""
    path = write_config(photos)
    write_picture(photos / 'one_more.png')
    assert write_config(photos) == path  # nothing is trained yet
    (path.parent.parent / 'epoch_1.pth').write_bytes(b'')
    assert write_config(photos) == path
    (photos / 'one_more.png').unlink()
    with pytest.raises(UserError, match='are of other pictures than those that'):
        write_config(photos)


def test_odd_names_of_folders(tmp_path: Path) -> None:
    for name in ('with "quotes" and\nimport os', '-dash', 'x' * 200, 'good/part one'):
        for index in range(10):
            write_picture(tmp_path / name / f'{index}.png')
        path = write_config(tmp_path / name, tmp_path / 'runs' / str(len(name)))
        assert load_config(str(path)).train_dataloader.dataset.data_root == str((tmp_path / name).resolve())
        assert len(path.name) <= 83


def test_the_folder_above_is_told_where_the_pictures_are(photos: Path) -> None:
    with pytest.raises(UserError, match=r"'photos/caps' has no pictures directly in it; .* name 'photos/caps/good'"):
        write_config(photos.parent)


def test_without_the_teacher(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_config, 'has_networks', lambda addresses: False)
    with pytest.raises(UserError, match=r"pip install 'mminspect\[teacher\]'"):
        write_config(photos)
    assert not Path('work_dirs').exists()
