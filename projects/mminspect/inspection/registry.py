"""Implementations by name, to which a package of somebody else adds its own."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from mminspect.core.errors import UserError

Implementation = TypeVar('Implementation', bound=type)


class ClassRegistry(Generic[Implementation]):
    """Classes by name. mmengine's registries do the same and more, but load torch, which exported models do without.

    Args:
        subject: What the names are names of, for messages.
    """

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self._classes: dict[str, Implementation] = {}

    def register(self, *names: str) -> Callable[[Implementation], Implementation]:
        """Decorator of a class that is to be found under these names. The same class may be registered again.

        Raises:
            UserError: Another class has one of the names.
        """
        def add(implementation: Implementation) -> Implementation:
            for name in names:
                known = self._classes.get(name, implementation)
                if _path(known) != _path(implementation):
                    raise UserError(f'{_path(implementation)} is registered for the {self.subject} {name!r}, which '
                                    f'{_path(known)} has already: choose another name')
            self._classes.update(dict.fromkeys(names, implementation))
            return implementation
        return add

    def get(self, name: str) -> Implementation | None:
        """The class of this name; None: there is none."""
        return self._classes.get(name)

    def classes(self) -> tuple[Implementation, ...]:
        """All classes, each once, in the order in which they came."""
        return tuple(dict.fromkeys(self._classes.values()))

    def __contains__(self, name: str) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        """Names in alphabetical order."""
        return iter(sorted(self._classes))


def _path(implementation: type) -> str:
    return f'{implementation.__module__}.{implementation.__qualname__}'
