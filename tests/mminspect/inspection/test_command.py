"""The command behind tools/inspect_images.py, on a network whose answers can be computed by hand."""
import csv
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.stats import ks_2samp

from helpers import content
from inspection_helpers import Brightness, anomaly_inspector, bright, calibration, write_images
from mminspect.core.errors import UserError
from mminspect.core.locks import writing_alone
from mminspect.decisions import NormalScores
from mminspect.inspection import command
from mminspect.inspection.inspector import Inspector


@pytest.fixture
def inspector(monkeypatch):
    """What the command gets, whatever model it names; its options as ``inspector.options``."""
    made = anomaly_inspector(calibration=calibration(scores=NormalScores.of(np.linspace(0, 1, 99))).state())

    def load(model, threshold, **options):
        made.options = dict(options, model=model, threshold=threshold)
        if threshold is not None:
            made.threshold = threshold
        return made
    monkeypatch.setattr(command, 'load_inspector', load)
    return made


@pytest.fixture
def images(tmp_path):
    """Three good images and two defective ones, in three folders."""
    return write_images(tmp_path / 'images', a=(80, None), b=(90, 250), sub__a=(100, None), sub__deep__c=(110, None),
                        sub__deep__d=(120, 240))


NAMES = ['a.png', 'b.png', 'sub/a.png', 'sub/deep/c.png', 'sub/deep/d.png']
DEFECTS = [False, True, False, False, True]


def lines(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / 'results.jsonl').read_text().splitlines()]


def table(out: Path) -> list[dict]:
    with open(out / 'results.csv', newline='', encoding='utf-8') as handle:
        return list(csv.DictReader(handle))


def run(*arguments) -> None:
    command.main(['model.onnx', *map(str, arguments)])


def test_everything_is_written(inspector, images, tmp_path, capsys):
    run(images, '--out', tmp_path / 'out', '--maps', '--batch', 2)
    assert [line['image'] for line in lines(tmp_path / 'out')] == NAMES
    assert [line['is_defect'] for line in lines(tmp_path / 'out')] == DEFECTS
    assert [row['image'] for row in table(tmp_path / 'out')] == NAMES
    assert [row['is_defect'] for row in table(tmp_path / 'out')] == list(map(str, DEFECTS))
    stems = [name.removesuffix('.png') for name in NAMES]
    assert list(content(tmp_path / 'out')) == sorted([
        'results.csv', 'results.jsonl', *(f'maps/{s}.tiff' for s in stems), *(f'overlays/{s}.png' for s in stems)])
    for stem in stems:
        result = inspector(images / f'{stem}.png')
        found = cv2.imread(str(tmp_path / 'out' / 'maps' / f'{stem}.tiff'), cv2.IMREAD_UNCHANGED)
        assert found.dtype == np.float32 and np.array_equal(found, result.anomaly_map)
        assert cv2.imread(str(tmp_path / 'out' / 'overlays' / f'{stem}.png')).shape == (64, 96, 3)
    said = capsys.readouterr()
    assert '5 images: 2 defects, 3 good' in said.out and 'threshold: 0.6' in said.out and 'network' in said.out
    assert 'inspecting' in said.err


def test_overlay_is_that_of_the_image(inspector, tmp_path):
    """Colours come out in their order: warm where the limit is exceeded, and grey stays grey elsewhere."""
    write_images(tmp_path / 'images', a=(40, 250))
    run(tmp_path / 'images', '--out', tmp_path / 'out')
    picture = cv2.imread(str(tmp_path / 'out' / 'overlays' / 'a.png')).astype(int)
    assert picture[24, 56, 2] > picture[24, 56, 0] and (picture[50, 10] == 40).all()


def test_options_reach_the_model(inspector, images, tmp_path):
    run(images, '--out', tmp_path / 'out', '--config', 'c.py', '--runtime', 'openvino', '--precision', 'bf16',
        '--device', 'cuda', '--tile', 64, '--overlap', 8, '--threshold', 0.99, '--no-overlays',
        '--import', 'my_method', '--import', 'more')
    assert inspector.options == dict(
        model='model.onnx', config='c.py', runtime='openvino', precision='bf16', device='cuda', tile=64, overlap=8,
        threshold=0.99, false_reject_rate=None, imports=['my_method', 'more'])
    assert not any(line['is_defect'] for line in lines(tmp_path / 'out'))
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['results.csv', 'results.jsonl']
    run(images, '--out', tmp_path / 'two', '--false-reject-rate', 0.1)
    assert inspector.options['false_reject_rate'] == 0.1


def test_unreadable_images_are_listed_and_the_others_done(inspector, images, tmp_path, capsys):
    (images / 'a.png').write_bytes(b'no image')
    (images / 'sub' / 'a.png').write_bytes((images / 'b.png').read_bytes()[:60])
    with pytest.raises(UserError, match='2 of 5 images could not be read'):
        run(images, '--out', tmp_path / 'out', '--batch', 2)
    said = capsys.readouterr()
    assert 'not inspected: a.png: ' in said.err and 'not inspected: sub/a.png: ' in said.err
    assert '3 images: 2 defects, 1 good' in said.out
    done = [name for name in NAMES if name not in ('a.png', 'sub/a.png')]
    assert [line['image'] for line in lines(tmp_path / 'out')] == [row['image'] for row in table(tmp_path / 'out')]
    assert [line['image'] for line in lines(tmp_path / 'out')] == done
    cv2.imwrite(str(images / 'a.png'), bright(80))
    cv2.imwrite(str(images / 'sub' / 'a.png'), bright(100))
    run(images, '--out', tmp_path / 'out', '--resume')
    assert sorted(line['image'] for line in lines(tmp_path / 'out')) == NAMES


def test_earlier_results_are_kept_unless_told_otherwise(inspector, images, tmp_path):
    out = tmp_path / 'out'
    run(images, '--out', out, '--maps')
    before = content(out)
    with pytest.raises(UserError, match=r'--resume .* --overwrite'):
        run(images, '--out', out)
    assert content(out) == before
    run(images, '--out', out, '--resume')
    assert content(out) == before
    (out / 'notes.txt').write_text('mine')
    run(images / 'sub', '--out', out, '--overwrite', '--no-overlays')
    assert [line['image'] for line in lines(out)] == ['a.png', 'deep/c.png', 'deep/d.png']
    assert list(content(out)) == ['notes.txt', 'results.csv', 'results.jsonl']


@pytest.mark.parametrize('left', ['results.csv', 'overlays', 'maps'])
def test_any_part_of_earlier_results_counts(inspector, images, tmp_path, left):
    (tmp_path / 'out' / left).mkdir(parents=True)
    with pytest.raises(UserError, match='holds results already'):
        run(images, '--out', tmp_path / 'out')


@pytest.mark.parametrize('place', ['out', 'out/today', 'out/today/late'])
def test_file_in_the_way(inspector, images, tmp_path, place):
    (tmp_path / 'out').touch()
    with pytest.raises(UserError, match="out' is a file: name a folder"):
        run(images, '--out', tmp_path / place)


def test_interrupted_run_keeps_what_is_done_and_resumes(inspector, images, tmp_path, monkeypatch):
    out, add = tmp_path / 'out', command.OutputFolder.add

    def interrupt(self, result, pixels):
        if result.image == 'sub/deep/c.png':
            raise KeyboardInterrupt
        add(self, result, pixels)
    with monkeypatch.context() as patch:
        patch.setattr(command.OutputFolder, 'add', interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(images, '--out', out)
    assert [line['image'] for line in lines(out)] == [row['image'] for row in table(out)] == NAMES[:3]
    first = (out / 'results.jsonl').read_bytes()
    inspector.network.batches.clear()
    run(images, '--out', out, '--resume')
    assert (out / 'results.jsonl').read_bytes().startswith(first)
    assert [line['image'] for line in lines(out)] == [row['image'] for row in table(out)] == NAMES
    assert len(inspector.network.batches) == 2


def test_killed_in_the_middle_of_a_line(inspector, images, tmp_path):
    out = tmp_path / 'out'
    run(images, '--out', out)
    whole = (out / 'results.jsonl').read_bytes()
    (out / 'results.jsonl').write_bytes(whole[:-30])
    (out / 'results.csv').unlink()
    run(images, '--out', out, '--resume')
    assert [line['image'] for line in lines(out)] == [row['image'] for row in table(out)] == NAMES


def test_runs_of_different_models_or_thresholds_are_not_mixed(inspector, images, tmp_path, monkeypatch):
    run(images, '--out', tmp_path / 'out')
    with pytest.raises(UserError, match=r'made otherwise \(threshold\)'):
        run(images, '--out', tmp_path / 'out', '--resume', '--threshold', 0.3)
    other = anomaly_inspector(fingerprint='f' * 16)
    monkeypatch.setattr(command, 'load_inspector', lambda *_, **__: other)
    with pytest.raises(UserError, match=r'made otherwise \(model\)'):
        run(images, '--out', tmp_path / 'out', '--resume')


@pytest.mark.parametrize('changed, options, said', [
    (dict(precision='bf16'), {}, 'precision'), (dict(runtime='openvino'), {}, 'runtime'),
    ({}, dict(tile=40, overlap=5), 'tile'), ({}, dict(tile=48, overlap=12), 'overlap')])
def test_ways_of_looking_are_not_mixed(images, tmp_path, monkeypatch, changed, options, said):
    """A part that is good in tiles of 48 pixels may be none in others, or in another precision."""
    def load(*_, **__):
        network = Brightness()
        for name, value in now.items():
            setattr(network, name, value)
        return Inspector(network, **look)
    monkeypatch.setattr(command, 'load_inspector', load)
    now, look = {}, dict(tile=48, overlap=5)
    run(images / 'sub', '--out', tmp_path / 'out')
    before = content(tmp_path / 'out')
    now, look = changed, {**look, **options}
    with pytest.raises(UserError, match=rf'made otherwise \({said}\)'):
        run(images / 'sub', '--out', tmp_path / 'out', '--resume')
    assert content(tmp_path / 'out') == before
    now, look = {}, dict(tile=48, overlap=5)
    run(images / 'sub', '--out', tmp_path / 'out', '--resume')
    assert content(tmp_path / 'out') == before


def test_results_below_the_images_are_not_inspected(inspector, images):
    run(images, '--out', images / 'out', '--maps')
    run(images, '--out', images / 'out', '--maps', '--resume')
    assert [line['image'] for line in lines(images / 'out')] == NAMES


def test_results_beside_the_images_are_not_inspected(inspector, images):
    run(images, '--out', images)
    run(images, '--out', images, '--resume')
    assert [line['image'] for line in lines(images)] == NAMES


def test_names_as_long_as_a_file_system_takes(inspector, tmp_path):
    name = f'{"n" * 251}.png'
    (write_images(tmp_path / 'images', a=(80, None)) / 'a.png').rename(tmp_path / 'images' / name)
    run(tmp_path / 'images', '--out', tmp_path / 'out')
    assert (tmp_path / 'out' / 'overlays' / name).is_file()


def test_images_of_one_stem_have_their_own_pictures(inspector, images, tmp_path):
    cv2.imwrite(str(images / 'a.bmp'), bright(80, 250))
    run(images, '--out', tmp_path / 'out', '--maps')
    assert {path for path in content(tmp_path / 'out') if path.startswith('maps')} == {
        'maps/a.png.tiff', 'maps/a.bmp.tiff', 'maps/b.png.tiff', 'maps/sub/a.tiff', 'maps/sub/deep/c.tiff',
        'maps/sub/deep/d.tiff'}
    above = {name: cv2.imread(str(tmp_path / 'out' / 'maps' / f'a.{name}.tiff'), cv2.IMREAD_UNCHANGED).max() > 0.6
             for name in ('png', 'bmp')}
    assert above == dict(png=False, bmp=True)


def test_names_that_are_no_text(inspector, tmp_path, capsys):
    (tmp_path / 'images').mkdir()
    for name in (b'good\xff.png', b'bad\xff.png'):
        cv2.imwrite(str(tmp_path / 'x.png'), bright(80))
        os.rename(tmp_path / 'x.png', os.fsencode(tmp_path / 'images') + b'/' + name)
    Path(os.fsdecode(os.fsencode(tmp_path / 'images') + b'/bad\xff.png')).write_bytes(b'')
    with pytest.raises(UserError, match='1 of 2 images'):
        run(tmp_path / 'images', '--out', tmp_path / 'out')
    assert [row['image'] for row in table(tmp_path / 'out')] == ['good\\udcff.png']  # the table is UTF-8
    assert 'not inspected: bad?.png' in capsys.readouterr().err


@pytest.mark.parametrize('levels, told', [(range(10, 250, 12), False), (range(200, 240, 2), True),
                                          (range(200, 218, 2), False)])
def test_drift_is_told(inspector, tmp_path, capsys, levels, told):
    """Against 99 scores that are spread evenly over 0..1; nine images are too few to tell."""
    write_images(tmp_path / 'images', **{f'i{level}': (level, None) for level in levels})
    run(tmp_path / 'images', '--out', tmp_path / 'out')
    said = capsys.readouterr().out
    assert ('drift: the last 20 scores are distributed otherwise than those of the 99 normal images' in said) is told
    assert ('drift: ' in said) is told


def test_scores_of_other_tiles_are_no_drift(inspector, tmp_path, monkeypatch, capsys):
    write_images(tmp_path / 'images', **{f'i{level}': (level, None) for level in range(200, 240, 2)})
    other = Inspector(inspector.network, tile=48)
    monkeypatch.setattr(command, 'load_inspector', lambda *_, **__: other)
    run(tmp_path / 'images', '--out', tmp_path / 'out')
    assert 'drift: ' not in capsys.readouterr().out


def test_drift_is_told_of_the_last_scores(inspector, tmp_path, capsys):
    write_images(tmp_path / 'images', **{f'a{level}': (level, None) for level in range(10, 250, 5)},
                 **{f'b{level}': (level, None) for level in range(200, 220)})
    run(tmp_path / 'images', '--out', tmp_path / 'out', '--drift-window', 20)
    said = capsys.readouterr().out
    scores = [line['score'] for line in lines(tmp_path / 'out')][-20:]
    p_value = ks_2samp(scores, np.linspace(0, 1, 99)).pvalue
    assert 'the last 20 scores' in said and f'(p = {p_value:.1g})' in said


def test_no_threshold_is_said(inspector, images, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, 'load_inspector', lambda *_, **__: anomaly_inspector(calibration=None))
    run(images, '--out', tmp_path / 'out')
    said = capsys.readouterr().out
    assert 'threshold: none' in said and '5 without a decision' in said
    assert 'no decisions until mminspect calibrate model.onnx GOOD --false-reject-rate 0.01 has chosen one' in said


def test_maps_of_a_model_without(images, tmp_path, monkeypatch):
    monkeypatch.setattr(command, 'load_inspector', lambda *_, **__: anomaly_inspector(outputs=('pred_score', )))
    with pytest.raises(UserError, match='gives no anomaly map'):
        run(images, '--out', tmp_path / 'out', '--maps')
    assert not (tmp_path / 'out').exists()


def test_network_that_fails_leaves_what_is_done(images, tmp_path, monkeypatch):
    class Failing(Brightness):
        def __call__(self, images):
            if len(self.batches) == 2:
                raise RuntimeError('out of memory')
            return super().__call__(images)
    monkeypatch.setattr(command, 'load_inspector', lambda *_, **__: Inspector(Failing()))
    with pytest.raises(RuntimeError, match='out of memory'):
        run(images, '--out', tmp_path / 'out')
    assert [line['image'] for line in lines(tmp_path / 'out')] == [row['image'] for row in table(tmp_path / 'out')]
    assert len(lines(tmp_path / 'out')) == 2


@pytest.mark.parametrize('options', [('--threshold', '1', '--false-reject-rate', '0.1'), ('--overwrite', '--resume'),
                                     ('--batch', '0'), ('--drift-window', '9')])
def test_options_that_cannot_be(images, tmp_path, options):
    with pytest.raises(SystemExit):
        run(images, '--out', tmp_path / 'out', *options)


ODD = ['=1+2', '-1', '@a', 'new\nline', 'esc\x1b[31m', 'tab\t', 'q"uote', "it's", 'semi;=1', '划痕', 'a' * 251,
       'ä' * 125, os.fsdecode(b'\xff\xfe'), '\u202eright']


def test_names_of_any_bytes_lose_nothing(inspector, tmp_path, capsys):
    """With maps, whose suffix is longer than that of the images."""
    folder = tmp_path / 'images'
    folder.mkdir()
    for number, name in enumerate(ODD):
        (folder / f'{name}.png').write_bytes(cv2.imencode('.png', bright(40 + number))[1].tobytes())
    run(folder, '--out', tmp_path / 'out', '--maps')
    names = sorted(f'{name}.png' for name in ODD)
    assert sorted(line['image'] for line in lines(tmp_path / 'out')) == names
    in_table = sorted(name.encode('utf-8', 'backslashreplace').decode() for name in names)
    assert sorted(row['image'].lstrip("'").replace(";'=", ';=') for row in table(tmp_path / 'out')) == in_table
    for kind in ('maps', 'overlays'):
        assert len(list((tmp_path / 'out' / kind).iterdir())) == len(ODD)
    run(folder, '--out', tmp_path / 'out', '--maps', '--resume')
    assert len(lines(tmp_path / 'out')) == len(ODD)
    (folder / f'{ODD[4]}.png').write_bytes(b'no image')
    (folder / f'{ODD[12]}.png').write_bytes(b'no image')
    capsys.readouterr()
    with pytest.raises(UserError, match='2 of 14 images'):
        run(folder, '--out', tmp_path / 'again')
    said = capsys.readouterr().err
    assert r'not inspected: esc\x1b[31m.png' in said and 'not inspected: ??.png' in said


def test_one_inspection_writes_into_a_folder_at_a_time(inspector, images, tmp_path):
    out = tmp_path / 'out'
    run(images, '--out', out)
    before = content(out)
    with writing_alone(out, 'inspect', 'x'):
        for option in ('--overwrite', '--resume'):
            with pytest.raises(UserError, match=r"another inspection writes into '.*out': wait for its end"):
                run(images, '--out', out, option)
    assert content(out) == before
    run(images, '--out', out, '--overwrite')
    assert list(content(out)) == list(before)


@pytest.mark.parametrize('place', ['file', 'file/below', 'x' * 300])
def test_an_output_that_cannot_be_is_told_before_the_model_is_read(images, tmp_path, place):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='--out'):
        run(images, '--out', tmp_path / place)  # there is no such model
