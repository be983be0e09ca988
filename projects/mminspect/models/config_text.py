"""The text that mmengine makes of a finished config, read as data: nothing in it is executed."""
from __future__ import annotations

import ast
from typing import Any

_NUMBERS = {'inf': float('inf'), 'nan': float('nan')}


def values_of(text: str) -> dict[str, Any]:
    """The assignments in the text that mmengine makes of a finished config: literals and ``dict(...)`` of them."""
    values = {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 \
                or not isinstance(statement.targets[0], ast.Name):
            raise ValueError(f'line {statement.lineno} is no assignment')
        values[statement.targets[0].id] = _literal(statement.value)
    return values


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        return _called_dict(node)
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {ast.literal_eval(key): _literal(value) for key, value in zip(node.keys, node.values, strict=True)}
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_literal(item) for item in node.elts]
        return tuple(items) if isinstance(node, ast.Tuple) else items
    if isinstance(node, ast.Name) and node.id in _NUMBERS:
        return _NUMBERS[node.id]
    return ast.literal_eval(node)


def _called_dict(node: ast.Call) -> dict[Any, Any]:
    """``dict(a=...)``, or ``dict({'b c': ...})`` as mmengine writes it where a key is no name."""
    if not all(isinstance(argument, ast.Dict) for argument in node.args) or len(node.args) > 1 \
            or any(keyword.arg is None for keyword in node.keywords):
        raise ValueError(f'line {node.lineno} holds a dict that is no plain one')
    first = _literal(node.args[0]) if node.args else {}
    return {**first, **{keyword.arg: _literal(keyword.value) for keyword in node.keywords}}
