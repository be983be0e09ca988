"""The description of a network survives the file that carries it."""
import json
from dataclasses import replace

import pytest

from mminspect.core.errors import UserError
from mminspect.decisions import Calibration, MapScale, NormalScores, Threshold
from mminspect.inspection.spec import VERSION, NetworkSpec, Suppression
from mminspect.vision.reading import Reading

CALIBRATION = Calibration(Threshold(0.5, 'hold-out normal images', 2), MapScale(0.1, 0.5),
                          scores=NormalScores((0.25, 0.5)))
ANOMALY = NetworkSpec('rd4ad', 'anomaly', ('defect',), 'a' * 16, (256, 128), False, (1.5, 2.0, 3.25),
                      calibration=CALIBRATION.state(), tile=1024, overlap=96, image_size=(292, 146),
                      reading=Reading(4095.0, False))
DETECTION = NetworkSpec('gfl', 'detection', ('hair', 'glass'), 'b' * 16, (480, 1088), True, outputs=('boxes', 'scores'),
                        suppression=Suppression((100, 25), 0.05, 1000, 0.6, 100))


@pytest.mark.parametrize('spec', [ANOMALY, DETECTION])
def test_it_comes_back_as_it_was(spec: NetworkSpec) -> None:
    again = NetworkSpec.from_json(spec.to_json(), 'model.onnx')
    assert again == spec and hash(again.classes) == hash(spec.classes)  # tuples, not lists


def test_another_calibration_changes_nothing_else() -> None:
    state = Calibration(Threshold(0.7, 'given', 0)).state()
    changed = ANOMALY.with_calibration(state)
    assert changed.calibration == state and replace(changed, calibration=ANOMALY.calibration) == ANOMALY


def test_without_a_calibration_it_sees_the_tiles_of_the_earlier_one() -> None:
    for tile, overlap, kept in ((128, 16, (128, 16)), (0, None, (None, None)), (None, None, (64, 8))):
        state = replace(Calibration(Threshold(0.7, 'given', 0)), tile=tile, overlap=overlap).state()
        spec = replace(ANOMALY, calibration=state, tile=64, overlap=8)
        assert spec.tiles == kept
        without = spec.with_calibration(None)
        assert without.calibration is None and without.tiles == kept


def test_files_of_version_1_are_read_and_say_nothing_of_reading() -> None:
    """As this project's first version wrote them: no ``reading``, which was always the default."""
    fields = json.loads(DETECTION.to_json())
    assert fields.pop('version') == VERSION == 2 and fields.pop('reading') == dict(max_value=None, orientation=True)
    assert NetworkSpec.from_json(json.dumps(dict(fields, version=1)), 'model.onnx') == DETECTION


def without(key: str) -> str:
    fields = json.loads(DETECTION.to_json())
    del fields[key]
    return json.dumps(fields)


@pytest.mark.parametrize('text', ['', '[' * 100_000, '3', '"x"', '{"version": 2, "a": ' + '[' * 100_000,
                                  '[]', '{', 'null', without('classes'), without('version'), without('suppression'),
                                  DETECTION.to_json().replace('"version": 2', '"version": 99'),
                                  DETECTION.to_json().replace('"nms_pre"', '"nms_past"')])
def test_damage_names_the_file(text: str) -> None:
    with pytest.raises(UserError, match=r'description in model\.onnx is damaged'):
        NetworkSpec.from_json(text, 'model.onnx')


@pytest.mark.parametrize(('changed', 'words'), [
    (dict(tile='x'), "tile is 'x'"), (dict(tile=10**9), 'tile is 1000000000'), (dict(tile=-1), 'tile is -1'),
    (dict(tile=8.5), r'tile is 8\.5'), (dict(overlap='x'), "overlap is 'x'"),
    (dict(input_size=['a', 'b']), r"input_size is \('a', 'b'\)"), (dict(input_size=[0, 64]), 'input_size is'),
    (dict(input_size=[64]), 'input_size is'), (dict(input_size=[10**9, 64]), 'input_size is'),
    (dict(image_size=[True, 64]), 'image_size is'), (dict(keep_ratio=1), 'keep_ratio is 1'),
    (dict(pad_rgb=[0, 0]), 'pad_rgb is'), (dict(pad_rgb=[0, 0, float('nan')]), 'pad_rgb is'),
    (dict(classes=[3]), 'classes'), (dict(name=3), 'name is 3|name, kind'), (dict(outputs=[None]), 'outputs'),
    (dict(calibration=[]), 'calibration is'),
    (dict(reading=dict(max_value=0)), 'max_value of the loader of images is 0'),
    (dict(reading=dict(max_value='x')), 'max_value of the loader of images is'),
    (dict(reading=3), 'TypeError'),
    (dict(suppression=dict(json.loads(DETECTION.to_json())['suppression'], level_sizes=['x'])), 'suppression is'),
    (dict(suppression=dict(json.loads(DETECTION.to_json())['suppression'], nms_pre='x')), 'suppression is'),
    (dict(suppression=dict(json.loads(DETECTION.to_json())['suppression'], score_thr='x')), 'suppression is'),
    *((dict(suppression=dict(json.loads(DETECTION.to_json())['suppression'], **{name: value})), f'{name} is {value}')
      for name, value in (('score_thr', -3), ('score_thr', 1.5), ('iou_threshold', -0.1), ('iou_threshold', 2),
                          ('min_size', -3), ('nms_pre', -3), ('max_per_img', -3))),
    (dict(name=''), "name is ''"), (dict(kind=['anomaly']), 'kind is'), (dict(classes=[]), 'classes is'),
    (dict(classes=['a\nb']), 'one of the classes is'), (dict(classes=['x' * 5000]), 'one of the classes is'),
    (dict(outputs=['pred_score', 'pred_score']), 'outputs is'), (dict(outputs='pred_score', classes='a'), 'outputs is'),
    (dict(image_size=[100, 100]), r'image_size is \(100, 100\) and input_size \(256, 128\)'),
    (dict(tile=float('nan')), 'tile is nan'), (dict(overlap=True), 'overlap is True'),
    (dict(pad_rgb=[0, 0, 1e99]), 'pad_rgb'),
    (dict(suppression=dict(json.loads(DETECTION.to_json())['suppression'], level_sizes=[])), 'suppression is'),
    *((dict(calibration={**CALIBRATION.state(), **wrong}), words) for wrong, words in (
        (dict(value=float('nan')), 'value is nan'), (dict(value='high'), "value is 'high'"),
        (dict(count=-1), 'count is -1'),
        (dict(count=2.5), r'count is 2\.5'), (dict(origin=3), 'origin is 3'), (dict(rule=''), "rule is ''"),
        (dict(map=dict(low=0, limit=float('inf'))), r'map\.limit is inf'), (dict(map=3), 'TypeError'),
        (dict(level_maps={}), 'level_maps is'), (dict(scores=dict(values=[], origin='x')), r'scores\.values is'),
        (dict(scores=dict(values=[1, float('nan')], origin='x')), r'scores\.values is nan'),
        (dict(scores=[]), 'scores is'),
        (dict(tile=-1), 'tile is -1'), (dict(settings=[1]), 'settings is'))),
])
def test_values_that_cannot_be_name_the_file(changed: dict, words: str) -> None:
    text = json.dumps({**json.loads(ANOMALY.to_json()), **changed})
    with pytest.raises(UserError, match=rf'description in model\.onnx is damaged \(.*{words}|damaged \({words}'):
        NetworkSpec.from_json(text, 'model.onnx')


@pytest.mark.parametrize('limits', [dict(score_thr=0, iou_threshold=1), dict(score_thr=1, iou_threshold=0),
                                    dict(min_size=-1), dict(min_size=12.5), dict(nms_pre=-1)])
def test_limits_of_a_suppression_that_can_be(limits: dict) -> None:
    spec = replace(DETECTION, suppression=replace(DETECTION.suppression, **limits))
    assert NetworkSpec.from_json(spec.to_json(), 'model.onnx') == spec
