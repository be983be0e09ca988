"""YOLO folders in the forms that tools export."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.registry import DefaultScope

from fdrd.datasets import InspectionYOLODataset, check_dataset_cfg
from fdrd.datasets.yolo import label_file
from mminspect.core.errors import UserError

NAMES = ('hair', 'metal')
YAML = 'path: .\ntrain: images/train\nval: images/val\nnames:\n  0: hair\n  1: metal\n'


@pytest.fixture(autouse=True)
def mmdet_scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture
def root(tmp_path: Path, write_image: Callable) -> Path:
    """64x48 images: train/a.png with a box and a polygon, train/b.JPG without text file, val/c.bmp with one box."""
    folder = tmp_path / 'yolo'
    for name in ('train/a.png', 'train/b.JPG', 'val/c.bmp'):
        write_image(folder / 'images' / name)
    (folder / 'images' / 'train' / '.hidden.png').write_bytes(b'x')
    lines = {'train/a': '0 0.25 0.5 0.125 0.25\n\n1 0.5 0.5 0.75 0.5 0.75 1 0.6 0.9\n', 'val/c': '1 0.5 0.5 1 1\n'}
    for name, text in lines.items():
        path = folder / 'labels' / f'{name}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / 'data.yaml').write_text(YAML)
    return folder


def cfg(root: Path, **changes: object) -> dict:
    return dict(dict(type='InspectionYOLODataset', data_root=str(root), metainfo=dict(classes=NAMES),
                     serialize_data=False), **changes)


def boxes(root: Path, **changes: object) -> dict[str, list]:
    """(name of the class, x1, y1, x2, y2) of every object, by name of the image."""
    dataset = DATASETS.build(cfg(root, **changes))
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {info['img_id']: [(dataset.metainfo['classes'][box['bbox_label']], *box['bbox'])
                             for box in info['instances']] for info in infos}


def error_of(config: dict) -> str:
    with pytest.raises(UserError) as error:
        check_dataset_cfg(config)
    return ' '.join(str(error.value).split())


def test_boxes_in_pixels(root: Path) -> None:
    train = boxes(root)
    # 64 * (0.25 -+ 0.0625), 48 * (0.5 -+ 0.125); the polygon spans 0.5..0.75 and 0.5..1
    assert train == {'a.png': [('hair', 12, 18, 20, 30), ('metal', 32, 24, 48, 48)], 'b.JPG': []}
    assert boxes(root, split='val') == {'c.bmp': [('metal', 0, 0, 64, 48)]}
    assert boxes(root, metainfo=dict(classes=NAMES[::-1])) == train  # labels follow metainfo
    hidden = root / 'images' / 'train' / '.hidden.png'
    assert check_dataset_cfg(cfg(root)) == [
        f"'{root / 'data.yaml'}': 2 images taken; left out: 1 hidden (first: {hidden})",
        f"'{root / 'data.yaml'}': 1 of 2 images have no object"]


def test_what_is_left_out_of_the_folders_is_counted(root: Path, write_image: Callable) -> None:
    images = root / 'images' / 'train'
    for name in ('@eaDir/a.png', 'sub/d.jfif', 'a_mask.png', 'masks/e.png', 'masks/f.png'):
        write_image(images / Path(name).with_suffix('.png')).rename(images / name)
    (images / 'again').symlink_to(images / 'sub')
    (images / 'round').symlink_to(images)
    (images / 'notes.docx').touch()
    (images / 'a.txt').touch()  # boxes in the wrong folder are no image
    labels = root / 'labels' / 'train'
    (labels / 'masks').mkdir()
    (labels / 'masks' / 'f.txt').write_text('0 .5 .5 .5 .5')  # somebody has drawn a box on it
    assert list(boxes(root)) == ['a.png', 'b.JPG', 'masks/f.png', 'sub/d.jfif']
    told = check_dataset_cfg(cfg(root))[0]
    assert told.startswith(f"'{root / 'data.yaml'}': 4 images taken; left out: 1 hidden (first: {images}/.hidden.png), "
                           f'1 in folders of the system (first: {images}/@eaDir/a.png), ')
    assert f'2 masks (first: {images}/a_mask.png)' in told and '1 of other kinds (1 .docx)' in told
    assert '5 in folders that were reached before by another link' in told  # d.jfif, and four beside the circle
    (labels / '._a.txt').touch()
    (labels / 'gone.txt').touch()
    assert sum('1 text files of boxes have no image' in line for line in check_dataset_cfg(cfg(root))) == 1


def test_a_folder_without_an_image_says_what_it_holds(root: Path) -> None:
    for path in (root / 'images' / 'train').glob('[ab].*'):
        path.unlink()
    assert "(0 images taken; left out: 1 hidden (first: " in error_of(cfg(root))


def test_other_ways_to_name_images_and_classes(root: Path) -> None:
    expected = boxes(root)
    (root / 'classes.txt').write_bytes('hair\r\nmetal\r\n'.encode('utf-8-sig'))
    assert boxes(root, ann_file='classes.txt', data_prefix=dict(img='images/train')) == expected
    assert boxes(root, split='val', data_prefix=dict(img='images/train')) == expected
    (root / 'data.yaml').write_text('train: ../images/train\nnames: [hair, metal]\n')  # as Roboflow writes it
    assert boxes(root) == expected
    (root / 'train.txt').write_text('./images/train/a.png\nimages/train/b.JPG\n')
    (root / 'data.yaml').write_text('train: train.txt\nnames: [hair, metal]\n')
    assert list(boxes(root).values()) == list(expected.values())
    (root / 'data.yaml').write_text('train: [images/train, images/val]\nnames: [hair, metal]\n')
    assert len(boxes(root)) == 3


def test_boxes_beside_the_images(root: Path) -> None:
    assert label_file(Path('images/x/images/train/a.b.png')) == Path('images/x/labels/train/a.b.txt')
    assert label_file(Path('obj_train_data/a.png')) == Path('obj_train_data/a.txt')


@pytest.mark.parametrize(('line', 'message'), [
    ('0 12 18 8 12', "line 2 of '.*a.txt' is '0 12 18 8 12': numbers behind the class must be shares .*divide pixels"),
    ('2 .5 .5 .1 .1', r"line 2 of '.*a.txt' has the class 2, but there are names for the classes 0\.\.1: add the name"),
    ('0.5 .5 .5 .1 .1', 'has the class 0.5'), ('-1 .5 .5 .1 .1', 'has the class -1'),
    ('hair .5 .5 .1 .1', "is 'hair .5 .5 .1 .1': it must hold numbers, class x y width height"),
    ('0 .5 .5 .1', 'has 4 numbers: 5 are needed'), ('0 .5 .5 .1 .1 .9', 'predictions with a confidence'),
    ('0 nan .5 .1 .1', 'must hold numbers'), ('nan .5 .5 .1 .1', 'must hold numbers'),
    ('inf .5 .5 .1 .1', 'must hold numbers'), ('1_0 .5 .5 .1 .1', 'must hold numbers'),
    ('0 .5 .5 0 .1', 'zero or negative size'),
    ('0 .95 .5 .2 .1', "line 2 of '.*a.txt' of image 'a.png' of 64x48 pixels .* lies outside its image"),
])
def test_lines_that_are_wrong(root: Path, line: str, message: str) -> None:
    (root / 'labels' / 'train' / 'a.txt').write_text(f'0 .5 .5 .1 .1\n{line}\n')
    with pytest.raises(UserError, match=message):
        check_dataset_cfg(cfg(root))


def test_files_that_are_wrong(root: Path, write_image: Callable) -> None:
    assert "has no entry 'test' with the images" in error_of(cfg(root, split='test'))
    assert "none.yaml' cannot be read" in error_of(cfg(root, ann_file='none.yaml'))
    for text, message in (('train: [', 'is not valid YAML'), ('x', 'holds no entries'),
                          ('train: images/train\nnames: {1: hair}', 'needs names, a list of the classes'),
                          ('train: images/gone\nnames: [hair]', 'for the images, does not exist')):
        (root / 'data.yaml').write_text(text)
        assert message in error_of(cfg(root))
    (root / 'data.yaml').write_text(YAML)
    (root / 'labels' / 'train' / 'gone.txt').write_text('0 .5 .5 .1 .1')
    (root / 'labels' / 'train' / 'classes.txt').write_text('hair')
    assert '1 text files of boxes have no image (first: ' in check_dataset_cfg(cfg(root))[1]
    (root / 'images' / 'train' / 'a.png').write_bytes(b'')
    assert "a.png' of" in error_of(cfg(root)) and 'is empty: copy it again' in error_of(cfg(root))
    write_image(root / 'images' / 'train' / 'a.png')
    (root / 'labels').rename(root / 'boxes')
    assert 'none of the 2 images' in error_of(cfg(root)) and 'put the folder labels beside' in error_of(cfg(root))


def test_an_image_without_text_and_one_with_an_empty_one(root: Path) -> None:
    (root / 'labels' / 'train' / 'b.txt').write_text('\n')
    assert boxes(root)['b.JPG'] == []


def test_supervision_reads_the_same(root: Path) -> None:
    supervision = pytest.importorskip('supervision')
    rng = np.random.default_rng(0)
    lines = [f'{rng.integers(2)} {x:.6f} {y:.6f} {min(x, 1 - x):.6f} {y / 3:.6f}'
             for x, y in rng.uniform(0.1, 0.7, (20, 2))]
    (root / 'labels' / 'train' / 'a.txt').write_text('\n'.join(lines))
    (root / 'images' / 'train' / '.hidden.png').unlink()
    theirs = supervision.DetectionDataset.from_yolo(str(root / 'images/train'), str(root / 'labels/train'),
                                                    str(root / 'data.yaml'))
    assert theirs.classes == list(NAMES)
    found = {Path(path).name: detections for path, _, detections in theirs}
    for name, ours in boxes(root).items():
        assert [NAMES[label] for label in found[name].class_id] == [box[0] for box in ours]
        np.testing.assert_allclose(found[name].xyxy.reshape(-1, 4), np.array([box[1:] for box in ours]).reshape(-1, 4),
                                   atol=1e-3)


def test_it_is_one_of_mmdets_data_sets() -> None:
    assert issubclass(InspectionYOLODataset, DATASETS.get('BaseDetDataset'))


@pytest.mark.parametrize(('shape', 'behind'), [
    ((2, 2), '.2 .3 .4 .9'), ((2, 3), '.2 .3 2 0 0 0'), ((3, 3), '.2 .3 2 0 0 0 .1 .1 1'), ((17, 2), '.5 .5 ' * 17)])
def test_boxes_of_poses_are_those_of_their_first_numbers(root: Path, shape: tuple[int, int], behind: str) -> None:
    (root / 'data.yaml').write_text(f'{YAML}kpt_shape: {list(shape)}\n')
    (root / 'labels' / 'train' / 'a.txt').write_text(f'0 0.25 0.5 0.125 0.25 {behind}\n1 0.5 0.5 0.5 0.5\n')
    assert boxes(root)['a.png'] == [('hair', 12, 18, 20, 30), ('metal', 16, 12, 48, 36)]


def test_lines_and_entries_that_are_no_poses(root: Path) -> None:
    (root / 'data.yaml').write_text(f'{YAML}kpt_shape: [2, 3]\n')
    told = error_of(cfg(root))
    assert "line 3 of '" in told and 'has 9 numbers, but by kpt_shape there are 11' in told
    for shape in ('[2]', '[2, 4]', '[0, 2]', '2', '[true, 2]', '[two, 3]', '{2: 3}'):
        (root / 'data.yaml').write_text(f'{YAML}kpt_shape: {shape}\n')
        assert 'it must be [number of keypoints, 2 or 3]' in error_of(cfg(root))


def test_poses_without_an_entry_are_refused(root: Path) -> None:
    lines = [f'0 {x} 0.25 0.125 0.25 {x} 0.2 {x} 0.3\n' for x in (0.5, 0.55, 0.6, 0.7, 0.8)]
    (root / 'labels' / 'train' / 'a.txt').write_text(''.join(lines))
    assert 'add kpt_shape: [2, 2] to data.yaml' in error_of(cfg(root))


def test_names_that_do_not_fit_are_told(root: Path) -> None:
    source = root / 'data.yaml'
    source.write_text(f'{YAML}nc: 3\n')
    assert f"'{source}': nc is 3, but there are 2 names: correct the one that is wrong" in check_dataset_cfg(cfg(root))
    source.write_text(f'{YAML}  2: dust\n  3: foil\nnc: 4\n')
    told = check_dataset_cfg(cfg(root))
    assert f"'{source}': categories ('dust', 'foil') are not among the classes of metainfo" in told
    assert not any('nc is' in text for text in told)


def test_a_text_file_of_two_images_is_told(root: Path, write_image: Callable) -> None:
    images = root / 'images' / 'train'
    write_image(images / 'a.bmp')
    write_image(images / 'b.png')  # b has no text file
    (text, ) = (text for text in check_dataset_cfg(cfg(root)) if 'belong to several images' in text)
    assert f"1 text files of boxes belong to several images ('{root / 'labels' / 'train' / 'a.txt'}' of " \
           f"'{images / 'a.bmp'}' and '{images / 'a.png'}'), which all get their boxes" in text


def test_a_line_twice_is_told(root: Path) -> None:
    file = root / 'labels' / 'train' / 'a.txt'
    file.write_text('0 .5 .5 .1 .1\n1 .5 .5 .1 .1\n0 0.50 .5 .1 .1\n')
    (text, ) = (text for text in check_dataset_cfg(cfg(root)) if 'repeat another' in text)
    assert f"1 labels repeat another of their image, of the same place and class (line 3 of '{file}' of 'a.png'" in text
