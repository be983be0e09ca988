"""Numbers as the pages show them."""
from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def figures(value: float | None) -> str:
    """Four significant digits; a dash for what is not known."""
    return '–' if value is None else f'{value:.4g}'


@register.filter
def decision(value: bool | None) -> str:
    """A decision in one word."""
    return {True: 'defect', False: 'good', None: 'undecided'}[value]
