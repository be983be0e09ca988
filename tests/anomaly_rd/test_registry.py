"""Where a component is found, and that mmengine finds a registry of this package for everything it builds."""
from __future__ import annotations

import importlib
import re
from pathlib import Path

import mmengine.registry
import pytest
from mmengine.registry import DefaultScope, Registry

import anomaly_rd
from anomaly_rd import registry

OURS = {name: child for name, child in vars(registry).items() if isinstance(child, Registry) and name.isupper()}
ROOTS = {name: root for name, root in vars(mmengine.registry).items() if isinstance(root, Registry)}
#: Of FlexibleRunner, which no tool uses.
UNUSED = {'STRATEGIES'}
#: (registry, class) as the decorators in the source text say it.
COMPONENTS = {pair for path in Path(anomaly_rd.__file__).parent.rglob('*.py')
              for pair in re.findall(r'^@(\w+)\.register_module\(\)\nclass (\w+)', path.read_text(), re.M)}


def test_bare_names_belong_to_the_scope_and_full_names_are_known_everywhere() -> None:
    assert COMPONENTS == {(kind, name) for kind, child in OURS.items() for name, cls in child.module_dict.items()
                          if cls.__module__.startswith('anomaly_rd.')}
    for kind, name in COMPONENTS:
        root, cls = ROOTS[kind], OURS[kind].get(name)
        assert cls.__name__ == name
        for scope in ('anomaly_rd', 'mmdet', 'mmengine'):
            with DefaultScope.overwrite_default_scope(scope), root.switch_scope_and_registry(None) as found:
                assert found.get(f'anomaly_rd.{name}') is cls
                assert (found.get(name) is cls) == (scope == 'anomaly_rd'), (name, scope)


@pytest.mark.parametrize('kind', OURS)
def test_looking_a_component_up_imports_what_defines_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = []
    monkeypatch.setattr('mmengine.registry.registry.import_module', lambda name: imported.append(
        importlib.import_module(name).__name__))
    monkeypatch.setattr(OURS[kind], '_imported', False)  # as in a process that has imported nothing
    assert OURS[kind].get('Nothing') is None and imported
    for cls in OURS[kind].module_dict.values():
        if not cls.__module__.startswith('anomaly_rd.'):
            continue  # a component of the tests
        assert any(cls.__module__.startswith(f'{name}.') for name in imported), cls


@pytest.mark.parametrize('kind', sorted(ROOTS.keys() - UNUSED))
def test_no_registry_of_the_scope_is_missing(kind: str, messages: list[str]) -> None:
    with ROOTS[kind].switch_scope_and_registry('anomaly_rd') as found:
        assert (found.scope, found.parent, found.name) == ('anomaly_rd', ROOTS[kind], ROOTS[kind].name)
    assert not messages


def test_a_missing_one_would_be_said(messages: list[str]) -> None:
    with ROOTS['STRATEGIES'].switch_scope_and_registry('anomaly_rd'):
        assert 'Failed to search registry with scope "anomaly_rd"' in messages[0]
