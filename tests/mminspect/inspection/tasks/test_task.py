"""A task of somebody else is one file: here one that tells whole images apart, from the network to every output."""
import csv
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from inspection_helpers import SIDE, anomaly_spec, calibration
from mminspect.core.errors import UserError
from mminspect.inspection.backends import model_spec, open_network
from mminspect.inspection.drawing import write
from mminspect.inspection.export import accuracy, export_onnx
from mminspect.inspection.inspector import Inspector
from mminspect.inspection.networks import TorchNetwork
from mminspect.inspection.output import OutputFolder, draw_overlay, read_lines
from mminspect.inspection.tasks import AnomalyTask, DetectionTask, Findings, Task, register_task, task_of
from mminspect.vision.boxes import ScoredBoxes

CLASSES = ('good', 'dark', 'red')


@register_task('toy classification')
class Classification(Task):
    """``probabilities`` (N, classes), of which the first means good; a defect has a box around the whole image."""

    tolerances = {'probabilities': 1e-4}  # noqa: RUF012

    def decode(self, outputs, fitted, shape, spec):
        likely = int(outputs['probabilities'].argmax())
        box = np.array([[0, 0, shape[1], shape[0]]], np.float32)
        boxes = ScoredBoxes(box, outputs['probabilities'][[likely]], np.array([likely])) if likely else (
            ScoredBoxes.none())
        return Findings(self.raw_score(outputs), boxes)

    def collector(self, shape, tiles, spec):
        return Worst(shape)

    def raw_score(self, outputs):
        return 1 - float(outputs['probabilities'][0])

    def draw(self, picture, result, scale, factor):
        picture[:] = 255 if result.is_defect else 0
        write(picture, result.model.classes[result.detections.labels[0]] if result.is_defect else CLASSES[0], 5, 30)
        return picture

    def cells(self, line):
        return dict(boxes=line['boxes'][0]['label'] if line['boxes'] else CLASSES[0])


class Worst:
    """An image is what its worst tile is."""

    def __init__(self, shape):
        self.shape, self.worst = shape, Findings(-1.0)

    def add(self, found, tile):
        self.worst = max(self.worst, found, key=lambda one: one.score)

    def result(self):
        height, width = self.shape
        boxes = self.worst.detections
        return replace(self.worst, detections=boxes._replace(boxes=np.full_like(boxes.boxes, [0, 0, width, height])))


class Colours(nn.Module):
    """Logits that grow as the image is bright, dark or red."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(nn.init.ones_(torch.empty(1)))

    def forward(self, images):
        colour = images.mean((1, 2)) / 255 * self.scale
        red = colour[:, 0] - colour[:, 2]
        return ((10 * torch.stack([colour[:, 2], 0.5 - colour[:, 1], red], 1)).softmax(1),)


def toy_spec():
    return anomaly_spec(name='colours', kind='toy classification', classes=CLASSES, outputs=('probabilities',),
                        calibration=calibration(0.6, None).state())


def probabilities(colour):
    """By hand, of an image of one colour."""
    red, green, blue = np.array(colour) / 255
    grown = np.exp(10 * np.array([blue, 0.5 - green, red - blue]))
    return grown / grown.sum()


@pytest.fixture
def network():
    return TorchNetwork(Colours(), toy_spec())


def plain(colour, shape=(40, 60)):
    return np.full((*shape, 3), colour, np.uint8)


@pytest.mark.parametrize('colour, label', [((200, 200, 200), None), ((10, 10, 10), 1), ((250, 120, 20), 2)])
def test_whole_images(network, colour, label) -> None:
    result = Inspector(network)(plain(colour))
    expected = probabilities(colour)
    assert result.score == pytest.approx(1 - expected[0], abs=1e-5) and result.is_defect is (label is not None)
    assert result.detections.labels.tolist() == ([] if label is None else [label])
    assert result.anomaly_map is None
    found = json.loads(json.dumps(result.as_dict()))
    assert found['kind'] == 'toy classification'
    assert [(box['label'], box['box']) for box in found['boxes']] == (
        [] if label is None else [(CLASSES[label], [0, 0, 60, 40])])


def test_an_image_is_what_its_worst_tile_is(network) -> None:
    image = plain((200, 200, 200), (64, 96))
    image[:SIDE, 2 * SIDE:] = (250, 120, 20)
    result = Inspector(network, tile=SIDE, overlap=0)(image)
    assert result.score == pytest.approx(1 - probabilities((250, 120, 20))[0], abs=1e-5) and result.is_defect
    assert result.detections.boxes.tolist() == [[0, 0, 96, 64]] and result.detections.labels.tolist() == [2]
    assert Inspector(network)(image).is_defect is False  # as a whole, the good part outweighs


def test_table_and_overlay(network, tmp_path) -> None:
    images = [plain((10, 10, 10)), plain((200, 200, 200))]
    with OutputFolder(tmp_path, dict(a='a', b='b')) as folder:
        for pixels, result in Inspector(network).pairs(images, names=['a', 'b']):
            folder.add(result, pixels)
            picture = draw_overlay(pixels, result)
            assert picture.shape == (40, 60, 3) and picture[-1, -1, 0] == (255 if result.is_defect else 0)
    assert {path.name for path in (tmp_path / 'overlays').iterdir()} == {'a.png', 'b.png'}
    with open(tmp_path / 'results.csv', newline='') as handle:
        assert [(row['image'], row['boxes'], row['is_defect']) for row in csv.DictReader(handle)] == [
            ('a', 'dark', 'True'), ('b', 'good', 'False')]
    assert [line['kind'] for line in read_lines(tmp_path / 'results.jsonl')] == ['toy classification'] * 2


def test_export_and_what_quantisation_would_lose(network, tmp_path) -> None:
    difference = export_onnx(network, tmp_path / 'model.onnx')
    assert set(difference) == {'probabilities'} and difference['probabilities'] < 1e-4
    assert model_spec(tmp_path / 'model.onnx') == network.spec
    exported = open_network(tmp_path / 'model.onnx')
    image = plain((250, 120, 20))
    assert Inspector(exported)(image).score == pytest.approx(Inspector(network)(image).score, abs=1e-5)
    change = accuracy.score_change(network, exported, [np.full((1, SIDE, SIDE, 3), 90, np.float32)])
    assert change.images == 1 and change.largest < 1e-5
    with pytest.raises(UserError, match='--eval normal'):
        accuracy.lost_accuracy(None, network, exported, [], accuracy.TEST)


def test_a_kind_that_nobody_registered() -> None:
    spec = replace(toy_spec(), kind='segmentation')
    with pytest.raises(UserError, match=r"kind 'segmentation' is unknown here \(known are anomaly, detection, "):
        Inspector(TorchNetwork(Colours(), spec))


def test_a_kind_has_one_task() -> None:
    assert isinstance(task_of('anomaly'), AnomalyTask) and isinstance(task_of('detection'), DetectionTask)
    with pytest.raises(UserError, match=r"Classification is registered for the kind of model 'anomaly', which "
                                        r'.*AnomalyTask has already'):
        register_task('anomaly')(Classification)


def test_what_is_missing_is_told_when_the_task_is_used() -> None:
    class Half(Task):
        """Decodes nothing."""
    with pytest.raises(TypeError, match='abstract'):
        Half()


def test_tasks_do_not_load_torch() -> None:
    code = 'import sys; import mminspect.inspection.tasks; print(sorted({"torch", "mmengine"} & set(sys.modules)))'
    found = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == '[]'


def test_boxes_that_are_shown() -> None:
    scores = np.array([0.9, np.float32(0.6), 0.2], np.float32)
    assert task_of('anomaly').shown(scores, 0.5).all() and task_of('detection').shown(scores, None).all()
    assert task_of('detection').shown(scores, 0.7).tolist() == [True, False, False]
    # 0.6 in float32 exceeds 0.6 in float64, by which the image is a defect: its box is shown
    assert float(scores[1]) > 0.6 and task_of('detection').shown(scores, 0.6).tolist() == [True, True, False]
