"""Names, and what happens when two want the same one."""
import pytest

from mminspect.core.errors import UserError
from mminspect.inspection.registry import ClassRegistry


class One:
    pass


class Two:
    pass


def test_names_find_their_classes_in_alphabetical_order() -> None:
    registry: ClassRegistry[type] = ClassRegistry('shape')
    assert registry.register('round', 'oval')(One) is One
    registry.register('flat')(Two)
    assert (registry.get('oval'), registry.get('flat'), registry.get('steep')) == (One, Two, None)
    assert registry.classes() == (One, Two)
    assert list(registry) == ['flat', 'oval', 'round'] and 'oval' in registry and 'steep' not in registry


def test_a_name_has_one_class_which_may_come_again() -> None:
    registry: ClassRegistry[type] = ClassRegistry('shape')
    registry.register('round')(One)
    registry.register('round')(One)
    with pytest.raises(UserError, match=r"Two is registered for the shape 'round', which .*One has already: choose"):
        registry.register('flat', 'round')(Two)
    assert list(registry) == ['round'] and registry.get('round') is One  # nothing of the second came in
