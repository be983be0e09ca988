"""Exported models: the description in the file's metadata is changed, or its bytes."""
from __future__ import annotations

import copy
import json
import math
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .case import Answer, Kind, Mutant, Operators, Verdict
from .damage import DAMAGES

if TYPE_CHECKING:
    from mminspect.inspection.spec import NetworkSpec

MODELS = Operators()
RIGHT, WRONG, EITHER = Verdict.RIGHT, Verdict.WRONG, Verdict.EITHER
SIDE = 32
#: Values that stand where a number should.
NO_NUMBERS: tuple[Any, ...] = (None, 'x', '1', [], {}, math.nan, math.inf, -math.inf, True, [1])


class Draft:
    """The fields of the description; ``text`` is what stands there in their place, if ``is_described``."""

    def __init__(self, fields: dict[str, Any], detector: bool) -> None:
        self.fields, self.detector = copy.deepcopy(fields), detector
        self.text: str | None = None
        self.is_described = True

    @property
    def limits(self) -> dict[str, Any]:
        """The calibration."""
        return self.fields['calibration']


class ModelKind(Kind):
    """A small anomaly model and a small detector, opened and run on one picture."""

    name = 'models'

    def prepare(self) -> None:
        """Make the sound models. ONNX Runtime, which has threads, is left to the processes."""
        import onnx

        from mminspect.inspection.backends.metadata import describe
        from mminspect.inspection.spec import METADATA_KEY
        self._key, self._graphs = METADATA_KEY, [anomaly_graph(onnx), detector_graph(onnx)]
        self._fields = [json.loads(spec.to_json()) for spec in specs()]
        exported = [copy.deepcopy(graph) for graph in self._graphs]
        for model, spec in zip(exported, specs(), strict=True):
            describe(model, spec)
        self._exported = [model.SerializeToString() for model in exported]

    def make(self, chance: random.Random, folder: Path) -> Mutant:
        """Bytes are changed in files as the export writes them; fields in those without a checksum, of older versions,
        which would tell any change."""
        which = chance.randrange(2)
        if chance.random() < 0.35:
            name = chance.choice(list(DAMAGES))
            (folder / 'model.onnx').write_bytes(DAMAGES[name](chance, self._exported[which]))
            return Mutant(f'bytes: {name}', EITHER, EXPECTED[which])
        draft, model = Draft(self._fields[which], which == 1), copy.deepcopy(self._graphs[which])
        name = chance.choice(list(MODELS))
        verdict = MODELS.apply(name, chance, draft)
        if draft.is_described:
            text = json.dumps(draft.fields) if draft.text is None else draft.text
            model.metadata_props.add(key=self._key, value=text)
        (folder / 'model.onnx').write_bytes(model.SerializeToString())
        return Mutant(name, verdict, None if verdict is WRONG else EXPECTED[which])

    def attempt(self, folder: Path) -> Answer:
        """Scores, decision and boxes of a picture."""
        import logging

        from mminspect.inspection import load_inspector
        said: list[str] = []
        handler = logging.Handler(logging.WARNING)
        handler.emit = lambda record: said.append(record.getMessage())
        logging.getLogger('mminspect').addHandler(handler)
        try:
            result = load_inspector(folder / 'model.onnx')(picture())
        finally:
            logging.getLogger('mminspect').removeHandler(handler)
        boxes = [[*one['box'], one['score']] for one in result.as_dict()['boxes']]
        return Answer((result.score, result.is_defect, boxes), tuple(said))

    def equal(self, expected: tuple[float, bool, int], found: tuple) -> bool:
        """The same decision and numbers."""
        score, is_defect, boxes = found
        numbers = [score, *(value for box in boxes for value in box)]
        return (all(map(math.isfinite, numbers)) and is_defect == expected[1] and len(boxes) == expected[2]
                and abs(score - expected[0]) < 1e-4)


#: Score, decision and number of boxes of the sound models on :func:`picture`.
EXPECTED = ((200 / 255, True, 1), (200 / 255, True, 2))


def picture() -> np.ndarray:
    """(H, W, 3) uint8: dark, with a bright square; as large as the input."""
    pixels = np.full((SIDE, SIDE, 3), 51, np.uint8)
    pixels[8:16, 8:20] = 200
    return pixels


def anomaly_graph(onnx: Any) -> Any:
    """Map = brightness 0..1, score = its largest value."""
    make = onnx.helper.make_node
    nodes = [make('ReduceMean', ['images'], ['mean'], axes=[3], keepdims=0),
             make('Div', ['mean', 'white'], ['anomaly_map']),
             make('ReduceMax', ['anomaly_map'], ['pred_score'], axes=[1, 2], keepdims=0)]
    outputs = dict(anomaly_map=['n', SIDE, SIDE], pred_score=['n'])
    return _model(onnx, nodes, outputs, dict(white=np.array(255, np.float32)))


def detector_graph(onnx: Any) -> Any:
    """Three boxes of two classes; the scores are the largest brightness, times a weight for each."""
    make = onnx.helper.make_node
    corners = np.array([[[8, 8, 20, 16], [2, 20, 12, 30], [22, 2, 30, 9]]], np.float32)
    weights = np.array([[[1, 0.1], [0.2, 0.9], [0.01, 0.02]]], np.float32)
    nodes = [make('ReduceMax', ['images'], ['most'], axes=[1, 2, 3], keepdims=1),
             make('Squeeze', ['most', 'last'], ['level']), make('Div', ['level', 'white'], ['share']),
             make('Mul', ['share', 'weights'], ['scores']), make('Mul', ['share', 'nothing'], ['zero']),
             make('Add', ['zero', 'corners'], ['boxes'])]
    outputs = dict(boxes=['n', 3, 4], scores=['n', 3, 2])
    return _model(onnx, nodes, outputs, dict(corners=corners, weights=weights, white=np.array(255, np.float32),
                                             nothing=np.array(0, np.float32), last=np.array([3], np.int64)))


def _model(onnx: Any, nodes: list[Any], outputs: dict[str, list], constants: dict[str, np.ndarray]) -> Any:
    def value(name: str, shape: list) -> Any:
        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)

    graph = onnx.helper.make_graph(
        nodes, 'small', [value('images', ['n', SIDE, SIDE, 3])], [value(*item) for item in outputs.items()],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid('', 17)], ir_version=8)


def specs() -> tuple[NetworkSpec, NetworkSpec]:
    """The sound descriptions."""
    from mminspect.decisions import HOLDOUT, Calibration, MapScale, NormalScores, Threshold
    from mminspect.inspection.spec import NetworkSpec, Suppression
    scores = NormalScores(np.linspace(0.3, 0.7, 100), HOLDOUT)
    threshold = Threshold(0.6, HOLDOUT, 100, 'quantile 0.995')
    limits = Calibration(threshold, MapScale(0.2, 0.7), (), scores, tile=0)
    anomaly = NetworkSpec('brightness', 'anomaly', ('defect', ), '0123456789abcdef', (SIDE, SIDE), False,
                          calibration=limits.state())
    detector = NetworkSpec('corners', 'detection', ('scratch', 'hole'), '0123456789abcdef', (SIDE, SIDE), True,
                           calibration=Calibration(threshold, scores=scores, tile=0).state(),
                           suppression=Suppression((3, ), 0.3, 100, 0.6, 10), outputs=('boxes', 'scores'))
    return anomaly, detector


@MODELS.add(RIGHT)
def unchanged(chance: random.Random, draft: Draft) -> None:
    """A control: what is right has to be read."""


@MODELS.add(WRONG)
def threshold(chance: random.Random, draft: Draft) -> None:
    draft.limits['value'] = chance.choice([*NO_NUMBERS[:-2], [1]])
    if draft.limits['value'] == '1':
        return EITHER
    return None


@MODELS.add(WRONG)
def rest_of_the_calibration(chance: random.Random, draft: Draft) -> None:
    keys = ['map', 'level_maps', 'scores', 'count', 'tile'] if not draft.detector else ['scores', 'level_maps', 'tile']
    key = chance.choice(keys)
    draft.limits[key] = chance.choice(['x', 3.5, [1], dict(a=1), -7, [None]])


@MODELS.add(WRONG)
def scores_of_normal_images(chance: random.Random, draft: Draft) -> None:
    draft.limits['scores']['values'] = chance.choice([[], [math.nan] * 5, ['x'], None, [[1]], [math.inf, 1.0], 'x', 3])


@MODELS.add(WRONG)
def limits_of_the_map(chance: random.Random, draft: Draft) -> None:
    if draft.detector:
        draft.limits['map'] = dict(low='x', limit=1)
    else:
        draft.limits['map'][chance.choice(['low', 'limit'])] = chance.choice([None, 'x', math.nan, math.inf, [], {}])


@MODELS.add(WRONG)
def names_of_the_outputs(chance: random.Random, draft: Draft) -> None:
    first, second = draft.fields['outputs']
    draft.fields['outputs'] = chance.choice([[first, 'other'], ['other'], [], [first, first], None, 'x', [3, second],
                                             [''], [first, second, 'third'], {}])


@MODELS.add(WRONG)
def size_of_the_input(chance: random.Random, draft: Draft) -> None:
    draft.fields['input_size'] = chance.choice([[SIDE, 64], [64, 64], [0, SIDE], [-1, -1], [10**9, 10**9], [SIDE], None,
                                                [SIDE, SIDE, 3], 'xx', [32.5, 32], [True, SIDE], ['32', '32'], {}])


@MODELS.add(WRONG)
def kind_of_the_model(chance: random.Random, draft: Draft) -> None:
    other = 'anomaly' if draft.detector else 'detection'
    draft.fields['kind'] = chance.choice([other, 'x', '', None, 3, ['anomaly']])


@MODELS.add(WRONG)
def classes(chance: random.Random, draft: Draft) -> None:
    draft.fields['classes'] = chance.choice([[3], None, [None], 7, [['a']], {}])
    if draft.detector and chance.random() < 0.5:
        draft.fields['classes'] = chance.choice([[], ['scratch'], ['scratch', 'hole', 'more']])


@MODELS.add(WRONG)
def version(chance: random.Random, draft: Draft) -> None:
    draft.fields['version'] = chance.choice([0, 3, 99, None, '2', [], -1, 2.5])


@MODELS.add(WRONG)
def suppression(chance: random.Random, draft: Draft) -> None:
    if not draft.detector:
        draft.fields['suppression'] = chance.choice(['x', 3, [], dict(a=1)])
        return
    key = chance.choice(list(draft.fields['suppression']))
    draft.fields['suppression'][key] = chance.choice([None, 'x', math.nan, [1, 'x'], {}, -3])
    if chance.random() < 0.2:
        draft.fields['suppression'] = chance.choice([None, 'x', [], {}])


@MODELS.add(WRONG)
def reading(chance: random.Random, draft: Draft) -> None:
    draft.fields['reading'] = chance.choice([
        'x', 3, [1], dict(max_value=math.nan), dict(max_value=-1), dict(max_value=0), dict(max_value='x'),
        dict(orientation='x'), dict(orientation=2), dict(depth=3), dict(max_value=[1])])


@MODELS.add(WRONG)
def tiles(chance: random.Random, draft: Draft) -> None:
    key = chance.choice(['tile', 'overlap'])
    draft.fields[key] = chance.choice([-1, 'x', 1.5, 10**12, [], math.nan, True])


@MODELS.add(WRONG)
def colour_of_the_padding(chance: random.Random, draft: Draft) -> None:
    draft.fields['pad_rgb'] = chance.choice([[0, 0], [0, 0, math.nan], 'xyz', None, [0, 0, 'x'], [1, 2, 3, 4], 3, {}])


@MODELS.add(WRONG)
def size_of_the_image(chance: random.Random, draft: Draft) -> None:
    draft.fields['image_size'] = chance.choice([[0, 0], [-3, 5], 'xx', [10**9, 10**9], [1], [1.5, 2], 3,
                                                [SIDE * 2, SIDE * 2] if draft.detector else [SIDE // 2, SIDE // 2]])


@MODELS.add(WRONG)
def other_fields(chance: random.Random, draft: Draft) -> None:
    draft.fields[chance.choice(['name', 'fingerprint', 'keep_ratio'])] = chance.choice([None, 3, [], {}, math.nan])


@MODELS.add(WRONG)
def field_missing(chance: random.Random, draft: Draft) -> None:
    del draft.fields[chance.choice(['name', 'kind', 'classes', 'fingerprint', 'input_size', 'keep_ratio', 'version',
                                    'outputs'])]


@MODELS.add(WRONG)
def no_description(chance: random.Random, draft: Draft) -> None:
    draft.is_described = False


@MODELS.add(WRONG)
def description_of_another_kind(chance: random.Random, draft: Draft) -> None:
    draft.text = chance.choice(['', 'null', '[]', '3', '{', '[' * 50_000, '{}', '"x"', 'NaN',
                                json.dumps(draft.fields)[:chance.randint(1, 200)]])


@MODELS.add(EITHER)
def unknown_field(chance: random.Random, draft: Draft) -> None:
    draft.fields['later'] = chance.choice([1, None, 'x', {}])


@MODELS.add(RIGHT)
def another_form(chance: random.Random, draft: Draft) -> None:
    draft.text = json.dumps(draft.fields, indent=2, sort_keys=True, ensure_ascii=False)
