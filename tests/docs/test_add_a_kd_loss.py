"""docs/add_a_kd_loss.md: its files are written down as they stand there, its test is run, and its config trains."""
from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config

import helpers
from guide_helpers import check_own_test, write_blocks

GUIDE = (helpers.ROOT / 'docs/add_a_kd_loss.md').read_text()


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Every Python block of the guide under the name in its first line; the working directory, as for a user."""
    folder = tmp_path_factory.mktemp('guide')
    write_blocks(GUIDE, folder, "'./fdrd/", f"'{helpers.ROOT}/configs/fdrd/")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder
    MODELS.module_dict.pop('LogitMSE', None)
    for name in ('my_package.logit_mse', 'my_package'):
        sys.modules.pop(name, None)


def test_the_guides_own_test_passes(folder: Path) -> None:
    check_own_test(folder, 'test_logit_mse.py', passed=2)


def small(folder: Path) -> Path:
    """The guide's config with tiny detectors on six pictures in place of the medicine data."""
    guide = Config.fromfile(folder / 'configs' / 'my_distillation.py', import_custom_modules=False)
    assert guide.model.distillers == [dict(type='LogitMSE', loss_weight=0.5)]
    assert guide.model.type == 'DistilledDetector'
    teacher = helpers.save_checkpoint(helpers.build(helpers.detector_cfg(), seed=1), folder / 'teacher.pth')
    model = helpers.distilled_cfg(distillers=guide.model.distillers, ckpt=teacher)
    cfg = helpers.runner_cfg(folder / 'run', helpers.write_coco(folder / 'data'), model, epochs=1, log_level='INFO',
                             custom_imports=guide.custom_imports, custom_hooks=guide.custom_hooks,
                             visualizer=guide.visualizer)
    cfg.dump(folder / 'small.py')
    return folder / 'small.py'


def logged(folder: Path) -> list[dict]:
    """Every line of numbers that a run has written, over all its starts."""
    files = sorted((folder / 'run').glob('*/vis_data/scalars.json'))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_it_trains_and_resumes_with_its_loss_in_the_log(folder: Path, call: Callable[..., tuple]) -> None:
    config = small(folder)
    status, said, error = call('train', config)
    assert status == 0 and re.search(r'loss_logit_mse: \d', said + error), said + error
    first = logged(folder)
    assert len(first) == 2 and all(line['loss_logit_mse'] > 0 for line in first)
    parts = [value for name, value in first[0].items() if name.startswith('loss_')]
    assert len(parts) == 4 and first[0]['loss'] == pytest.approx(sum(parts), rel=1e-3)

    status, said, error = call('train', config, '--resume', '--cfg-options', 'train_cfg.max_epochs=2')
    assert status == 0, said + error
    assert [line['step'] for line in logged(folder)] == [1, 2, 3, 4]
    saved = torch.load(folder / 'run' / 'epoch_2.pth', weights_only=False)
    assert saved['meta']['iter'] == 4 and not any('teacher' in name for name in saved['state_dict'])
