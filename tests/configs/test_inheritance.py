"""How configs inherit: by name, never by position, and no training under two names."""
import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from mmengine.config import Config

import fdrd  # noqa: F401 (activates mmdet's operators)
from helpers import ROOT
from mminspect.runtime.config import READ_KEYS

FOLDER = ROOT / 'configs'
FILES = sorted(FOLDER.rglob('*.py'))
CONFIGS = [path for path in FILES if '_base_' not in path.parts]
#: What configs of users, guides and benchmarks inherit, and none of ours.
FOR_USERS = {'datasets/aitex_fabric', 'datasets/anomaly_folders', 'datasets/cvat_detection', 'datasets/linescan_tiles',
             'datasets/mvtec_screw', 'datasets/visa', 'datasets/yolo_detection'}
#: What says nothing about the training itself.
LABELS = ('published', 'work_dir', 'experiment_name')


@cache
def resolved(path: Path) -> Config:
    return Config.fromfile(path)


def position(node: ast.Subscript) -> bool:
    """An index or a slice, in contrast to a key."""
    index = node.slice.operand if isinstance(node.slice, ast.UnaryOp) else node.slice
    return isinstance(index, ast.Slice) or (isinstance(index, ast.Constant) and isinstance(index.value, int))


@pytest.mark.parametrize('path', FILES, ids=lambda p: str(p.relative_to(FOLDER).with_suffix('')))
def test_nothing_is_addressed_by_its_position(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Subscript) and position(n)] == []
    calls = [n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    assert not {'pop', 'insert', 'remove'} & set(calls)


def comparable(node: object) -> object:
    """The same for the same values: paths to other configs without their detours."""
    if isinstance(node, dict):
        return {key: comparable(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [comparable(value) for value in node]
    return str(Path(node).resolve()) if isinstance(node, str) and node.endswith('.py') else node


def test_no_training_has_two_names() -> None:
    names = defaultdict(list)
    for path in CONFIGS:
        read = {key: value for key, value in resolved(path).to_dict().items() if key in READ_KEYS - set(LABELS)}
        names[repr(sorted(comparable(read).items()))].append(path.stem)
    assert [stems for stems in names.values() if len(stems) > 1] == []


def test_every_base_is_inherited() -> None:
    """No dead files beside the configs."""
    used = set()
    for path in FILES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and node.targets[0].id == '_base_':
                bases = ast.literal_eval(node.value)
                for base in [bases] if isinstance(bases, str) else bases:
                    used.add((path.parent / base).resolve())
    unused = {str(path.relative_to(FOLDER)) for path in FILES if '_base_' in path.parts and path not in used}
    assert unused == {f'_base_/{name}.py' for name in FOR_USERS}
