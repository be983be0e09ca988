"""Single steps; the whole way is in tests/tools/test_quickstart.py."""
from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anomaly_rd.quickstart import steps
from inspection_helpers import anomaly_inspector


@pytest.mark.parametrize(('age', 'again'), [(-10, False), (10, True)])
def test_a_model_is_exported_again_when_it_is_older_than_the_checkpoint(
        age: int, again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint, model = tmp_path / 'epoch_1.pth', tmp_path / 'model.onnx'
    for path, moment in ((checkpoint, 1000), (model, 1000 - age)):
        path.write_bytes(b'')
        os.utime(path, (moment, moment))

    class Opened(Exception):
        pass

    def opened(path: Path) -> None:
        assert path == checkpoint
        raise Opened

    monkeypatch.setattr(steps.Checkpoint, 'open', opened)
    if again:
        with pytest.raises(Opened):
            steps.export(checkpoint, model)
    else:
        steps.export(checkpoint, model)


def test_the_threshold_is_a_score_of_the_kept_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's score is the largest brightness; of 9 pictures the 8th is not exceeded by a fifth of new ones."""
    stored = {}
    for level in range(100, 190, 10):
        Image.fromarray(np.full((32, 32, 3), level, np.uint8)).save(tmp_path / f'{level}.png')
    monkeypatch.setattr(steps, 'load_inspector', lambda model: anomaly_inspector())
    monkeypatch.setattr(steps, 'store_calibration', lambda model, found: stored.update({model: found}))
    expected = steps.store_threshold(Path('m.onnx'), sorted(map(str, tmp_path.glob('*.png'))), 0.2)
    value = stored[Path('m.onnx')].threshold.value
    scores = [result.score for result in anomaly_inspector().many(sorted(map(str, tmp_path.glob('*.png'))))]
    assert value == sorted(scores)[7] and expected.rate == pytest.approx(0.2) and expected.count == 9


@pytest.mark.parametrize(('trained', 'kept', 'said'), [
    (32, 8, ['40 good pictures are few (at least 10, better 50 to 500): with 8 of them to choose the threshold by, no '
             'less than 11 % of rejected good parts can be promised']),
    (40, 10, []), (160, 40, [])])
def test_few_pictures_are_remarked(trained: int, kept: int, said: list[str]) -> None:
    assert steps.remarks(trained, kept) == said
