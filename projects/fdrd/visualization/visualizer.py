"""mmdet's pictures with names in any script."""
from __future__ import annotations

from typing import Any

from mmdet.registry import VISUALIZERS
from mmdet.visualization import DetLocalVisualizer

from mminspect.vision.fonts import families, shown


@VISUALIZERS.register_module()
class InspectionLocalVisualizer(DetLocalVisualizer):
    """mmdet's, which leaves the font to matplotlib and so draws empty boxes for Chinese names.

    Where no font of the machine has the letters of a name, the number of its label stands for it.
    """

    def draw_texts(self, texts: str | list[str], positions: Any, *more: Any, **options: Any) -> Any:
        """See mmengine's Visualizer; where the caller names no font, one is found for each text."""
        if not more and not {'font_families', 'font_properties'} & options.keys():
            texts = [self._shown(text) for text in ([texts] if isinstance(texts, str) else texts)]
            options['font_families'] = [families(text) for text in texts]
        return super().draw_texts(texts, positions, *more, **options)

    def _shown(self, text: str) -> str:
        """Texts are a name alone, or a name with its score behind a colon."""
        for number, name in enumerate((self.dataset_meta or {}).get('classes') or ()):
            if text == name or text.startswith(f'{name}: '):
                return shown(name, str(number)) + text[len(name):]
        return shown(text)
