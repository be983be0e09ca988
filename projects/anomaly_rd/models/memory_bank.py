"""PatchCore: patches of good images, thinned to a subset that covers them; distance to the nearest is abnormality."""
from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from mmengine.logging import print_log
from torch import Tensor

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import DataShapedBuffers, Maps

from .patches import PatchEmbedding, PatchSample, greedy_coreset, nearest_rows
from .teacher_student import TeacherStudentModel


@MODELS.register_module()
class MemoryBank(DataShapedBuffers, TeacherStudentModel):
    """PatchCore (Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022, arXiv:2106.08265).

    Args:
        teacher: Config of a frozen teacher.
        levels: Which of its levels are embedded, counted from 1.
        embedding: Arguments of :class:`~anomaly_rd.models.patches.PatchEmbedding`.
        ratio: Share of the patches that are kept, above 0 up to 1.
        start: Of the choice, see :func:`~anomaly_rd.models.patches.greedy_coreset`.
        projection: Dimensions in which the choice measures distances; None: those of the embedding.
        max_patches: At most so many patches, chosen at random, are held for the choice; None: all.
        collect_dtype: ``'float16'`` holds them in half the memory.
        distance: ``'l2'`` or its square ``'sq'``, which the reference takes as it comes from its library: the order of
            patches is the same, a smoothed map is not.
        neighbours: The value of a patch is its mean distance to so many rows.
        reweight: The score of an image is weighed by how its worst patch lies to so many neighbours of its nearest row
            (equation 7; 9 in the paper); 0, as in the reference, is off. Needs ``score='max_patch'``.
        map_head: Config of a :class:`~anomaly_rd.models.heads.PatchMapHead`.
        seed: Of the choice.
        save_teacher: See :class:`TeacherStudentModel`.

    Raises:
        UserError: A value is out of its range.
    """

    map_options = ('levels', 'embedding', 'distance', 'neighbours', 'reweight', 'map_head')

    def __init__(self, teacher: dict, levels: Sequence[int] = (2, 3), embedding: dict | None = None, ratio: float = 0.1,
                 start: Literal['mean10', 'random'] = 'mean10', projection: int | None = 128,
                 max_patches: int | None = None, collect_dtype: Literal['float32', 'float16'] = 'float32',
                 distance: Literal['l2', 'sq'] = 'l2', neighbours: int = 1, reweight: int = 0,
                 map_head: dict | None = None, seed: int = 0, save_teacher: bool = False,
                 data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(teacher, save_teacher, data_preprocessor, init_cfg)
        check_option('model.start', start, ('mean10', 'random'))
        check_option('model.distance', distance, ('l2', 'sq'))
        check_option('model.collect_dtype', collect_dtype, ('float32', 'float16'))
        if not 0 < ratio <= 1:
            raise UserError(f'model.ratio is {ratio}: give the share of patches that are kept, above 0 up to 1')
        for name, value, least in (('neighbours', neighbours, 1), ('reweight', reweight, 0),
                                   ('max_patches', max_patches, 1), ('projection', projection, 1)):
            if value is not None and (type(value) is not int or value < least):
                raise UserError(f'model.{name} is {value!r}: give a whole number, {least} or more')
        self.take_levels(levels)
        self.embedding = PatchEmbedding(self.taken_channels, **(embedding or {}))
        self.map_head = MODELS.build(dict(dict(type='PatchMapHead'), **(map_head or {})))
        if reweight and self.map_head.score != 'max_patch':
            raise UserError("model.reweight weighs the worst patch: it needs map_head=dict(score='max_patch')")
        self.ratio, self.start, self.projection, self.seed = ratio, start, projection, seed
        self.distance, self.neighbours, self.reweight = distance, neighbours, reweight
        self._new_sample = lambda: PatchSample(max_patches, getattr(torch, collect_dtype), seed)
        self._sample = self._new_sample()
        self.register_data_buffer('bank')  # (rows, length)

    def collect(self, inputs: Tensor, data_samples: list[AnomalyDataSample]) -> None:
        """Take the patches of a batch."""
        self._sample.add(self.embed(inputs).permute(0, 2, 3, 1).flatten(0, 2))

    def finish_fit(self) -> None:
        """Choose the rows of the bank.

        Raises:
            UserError: There was no image, or the bank has fewer rows than neighbours are wanted.
        """
        sample, self._sample = self._sample, self._new_sample()
        parts = sample.finish()
        if not len(sample):
            raise UserError(f'{type(self).__name__} has seen no image: the training set is empty')
        if sample.seen > len(sample):
            print_log(f'{sample.seen} patches were seen and max_patches={sample.limit} of them, chosen at random, went '
                      f'into the choice: {sample.seen - len(sample)} were left out', 'current', logging.WARNING)
        count = max(1, int(len(sample) * self.ratio))
        if count < max(self.neighbours, self.reweight):
            raise UserError(f'the bank has {count} rows of {len(sample)} patches, fewer than the '
                            f'{max(self.neighbours, self.reweight)} that model.neighbours or model.reweight want: '
                            'raise model.ratio or give more images')
        chosen = greedy_coreset(parts, count, self.start, self.projection, self.seed)
        self.bank = sample.take(chosen).float().to(self.bank.device)
        print_log(f'bank: {count} of {len(sample)} patches of {self.bank.shape[1]} numbers, '
                  f'{self.bank.numel() * 4 / 2**20:.1f} MiB', 'current')

    def embed(self, inputs: Tensor) -> Tensor:
        """Patches (N, length, h, w) of normalised images (N, 3, H, W)."""
        return self.embedding(self.taken(self.teacher(inputs))).float()

    def score_maps(self, inputs: Tensor) -> Maps:
        """Distances of all patches to the bank."""
        patches = self.embed(inputs)
        count, length, height, width = patches.shape
        rows = patches.permute(0, 2, 3, 1).reshape(-1, length)
        squares, places = nearest_rows(rows, self.bank, self.neighbours)
        values = (squares if self.distance == 'sq' else squares.sqrt()).mean(1).view(count, height, width)
        heat, score = self.map_head(values, inputs.shape[2:])
        if self.reweight:
            score = self._weighed(rows.view(count, -1, length), values.flatten(1), places[:, 0].view(count, -1))
        return Maps(score, heat, (values, ))

    def _weighed(self, rows: Tensor, values: Tensor, places: Tensor) -> Tensor:
        """Equation 7: (1 - softmax of the distances to the neighbourhood at the nearest row) times the distance."""
        worst = values.argmax(1, keepdim=True)
        patch = rows.gather(1, worst[..., None].expand(-1, 1, rows.shape[2]))[:, 0]
        nearest = self.bank[places.gather(1, worst)[:, 0]]
        _, around = nearest_rows(nearest, self.bank, self.reweight)
        distances = (patch[:, None] - self.bank[around]).square().sum(2).sqrt()
        first = (patch - nearest).square().sum(1).sqrt()
        weight = 1 - (first - distances.logsumexp(1)).exp()
        return weight * values.gather(1, worst)[:, 0]

    def check_loaded(self, shapes: Mapping[str, tuple[int, ...]]) -> str | None:
        """A bank has rows of the embedding's length."""
        shape = shapes.get('bank')
        if shape is None or (len(shape) == 2 and shape[1] == self.embedding.length and shape[0]):
            return None
        return f'the bank {shape} has no rows of {self.embedding.length} numbers'
