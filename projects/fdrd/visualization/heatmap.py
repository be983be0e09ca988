"""Where a detector's neck responds: feature heat maps of teacher and student beside the image.

A map is the mean of absolute values over the channels of one neck output. The paper shows such maps (its Fig. 5)
without a definition; this one needs no labels and compares networks of different width.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from numpy.typing import NDArray
from torch import Tensor, nn

from fdrd.transforms import read_for_display
from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.core.names import fitting_name
from mminspect.runtime.dataset_cfg import representative
from mminspect.vision import fonts

COLOUR_MAP = 'jet'


@dataclass(frozen=True)
class Network:
    """A detector in eval mode and the pipeline that prepares its images."""

    model: nn.Module
    pipeline: Compose

    @classmethod
    def of(cls, cfg: Config, model: nn.Module) -> Network:
        """``model`` with the test pipeline of ``cfg``, less what reads annotations."""
        pipeline = representative(cfg.test_dataloader.dataset, ('pipeline', ))['pipeline']
        steps = [step for step in pipeline if 'LoadAnnotations' not in step['type']]
        return cls(model, Compose(steps))


def activation_map(feature: Tensor) -> Tensor:
    """Mean of absolute values over channels: (C, H, W) -> (H, W), at least 0."""
    return feature.float().abs().mean(dim=0)


@torch.no_grad()
def neck_map(network: Network, path: str | Path, level: int) -> NDArray[np.float32]:
    """Heat map of one neck output for one image, without the padding of the network's input.

    Args:
        network: Whose neck.
        path: Image file.
        level: Number of the neck's output, 0 for the finest.

    Returns:
        (h, w), in the output's own resolution.

    Raises:
        UserError: The neck has no such output.
    """
    # An image without annotations: the pipeline may still ask for the id.
    data = pseudo_collate([network.pipeline(dict(img_path=str(path), img_id=0))])
    data = network.model.data_preprocessor(data, False)
    outputs = network.model.extract_feat(data['inputs'])
    if not 0 <= level < len(outputs):
        raise UserError(f'--level must be 0..{len(outputs) - 1} for this detector, got {level}')
    heat = activation_map(outputs[level][0]).cpu().numpy()
    height, width = data['data_samples'][0].img_shape[:2]
    padded_height, padded_width = data['inputs'].shape[2:]
    rows = max(1, round(heat.shape[0] * height / padded_height))
    columns = max(1, round(heat.shape[1] * width / padded_width))
    return heat[:rows, :columns]


def shared_scale(maps: Sequence[NDArray]) -> tuple[float, float]:
    """Smallest and largest value of all maps together."""
    return min(float(m.min()) for m in maps), max(float(m.max()) for m in maps)


def draw(image: NDArray[np.uint8], maps: Mapping[str, NDArray], title: str) -> Figure:
    """The image and one heat map per name in a row, with one colour scale for all of them.

    Args:
        image: (H, W, 3), red-green-blue.
        maps: (h, w) by the title of its panel; stretched to the image without smoothing.
        title: Above the row.
    """
    height, width = image.shape[:2]
    panel = 3.6
    figure = Figure(figsize=((len(maps) + 1) * panel + 0.8, panel * height / width + 0.7), dpi=120,
                    layout='constrained')
    low, high = shared_scale(list(maps.values()))
    axes = figure.subplots(1, len(maps) + 1)
    axes[0].imshow(image)
    axes[0].set_title('image', fontsize=9)
    for axis, (name, heat) in zip(axes[1:], maps.items(), strict=True):
        shown = axis.imshow(heat, cmap=COLOUR_MAP, vmin=low, vmax=high, interpolation='nearest',
                            extent=(0, width, height, 0))
        axis.set_title(name, fontsize=9)
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
    bar = figure.colorbar(shown, ax=axes, fraction=0.02, pad=0.01)
    bar.ax.tick_params(labelsize=7)
    bar.set_label('mean |activation|', fontsize=8)
    figure.suptitle(fonts.shown(title), fontsize=9, fontfamily=fonts.families(title), parse_math=False)
    return figure


def save_heatmaps(teacher: Network, student: Network, images: Sequence[Path], out_dir: str | Path,
                  level: int = 0) -> list[Path]:
    """Write ``<image name>_level<level>.png`` for every image: image, teacher, student.

    Raises:
        UserError: An image cannot be read, two images have one name, or a neck has no such output.
        OSError: A picture cannot be written.
    """
    end = f'_level{level}.png'
    targets = [Path(out_dir) / f'{fitting_name(path.stem, len(end))}{end}' for path in images]
    if twice := [path.name for path, target in zip(images, targets, strict=True) if targets.count(target) > 1]:
        raise UserError(f'several images are called {twice[0].rsplit(".", 1)[0]}: draw them in separate folders')
    for path, target in zip(images, targets, strict=True):
        image = read_for_display(str(path), student.pipeline.transforms)[..., ::-1]
        maps = {name: neck_map(network, path, level) for name, network in
                (('teacher', teacher), ('student', student))}
        figure = draw(image, maps, f'{path.name}, neck output {level}')
        with replacing(target) as handle:
            figure.savefig(handle, format='png')
    return targets
