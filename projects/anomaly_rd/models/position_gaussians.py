"""PaDiM: one Gaussian of features for each position; the Mahalanobis distance to it is abnormality."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmengine.logging import print_log
from torch import Tensor

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import EXPORT, DataShapedBuffers, Maps

from .patches import PatchEmbedding
from .teacher_student import TeacherStudentModel

#: What one file of ONNX can hold, bytes.
ONNX_LIMIT = 2**31
#: Values of matrices that are worked on together: half a gigabyte in float64.
CHUNK = 2**26


@MODELS.register_module()
class PositionGaussians(DataShapedBuffers, TeacherStudentModel):
    """PaDiM (Defard et al., "PaDiM: a Patch Distribution Modeling Framework for Anomaly Detection and Localization",
    arXiv:2011.08785).

    Parts have to lie in the same place in all images, which have one size. With fewer images than ``dims`` a covariance
    is singular: what is added to its diagonal is part of the method.

    Args:
        teacher: Config of a frozen teacher.
        levels: Which of its levels are taken, counted from 1; smaller ones are enlarged to the first by nearest
            neighbours.
        dims: Channels that a seeded permutation chooses (100 for ResNet-18, 550 for Wide ResNet-50-2).
        regularisation: Added to the diagonal of every covariance, above 0.
        map_head: Config of a :class:`~anomaly_rd.models.heads.PatchMapHead`; by default the largest value of the
            smoothed map is the score.
        seed: Of the choice of channels.
        save_teacher: See :class:`TeacherStudentModel`.

    Raises:
        UserError: A value is out of its range.
    """

    map_options = ('levels', 'map_head')

    def __init__(self, teacher: dict, levels: Sequence[int] = (1, 2, 3), dims: int = 100, regularisation: float = 0.01,
                 map_head: dict | None = None, seed: int = 0, save_teacher: bool = False,
                 data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(teacher, save_teacher, data_preprocessor, init_cfg)
        self.take_levels(levels)
        self.embedding = PatchEmbedding(self.taken_channels, neighbours=False, enlarge='nearest')
        if type(dims) is not int or not 1 <= dims <= self.embedding.length:
            raise UserError(f'model.dims is {dims!r}: give a number of channels from 1 to {self.embedding.length}, '
                            'which the levels have together')
        if not 0 < regularisation < float('inf'):
            raise UserError(f'model.regularisation is {regularisation}: give a number above 0, or covariances of few '
                            'images cannot be inverted')
        self.regularisation = regularisation
        self.map_head = MODELS.build(dict(dict(type='PatchMapHead', score='max'), **(map_head or {})))
        chosen = torch.randperm(self.embedding.length, generator=torch.Generator().manual_seed(seed))[:dims]
        self.register_buffer('channels', chosen.sort().values)
        self.register_data_buffer('means')  # (positions, dims)
        self.register_data_buffer('whitening')  # (positions, dims, dims): inverse of the Cholesky factor
        self._shape: tuple[int, int] | None = None
        self._forget()

    def _forget(self) -> None:
        self._count, self._shift, self._sums, self._products = 0, None, None, None

    def embed(self, inputs: Tensor) -> Tensor:
        """The chosen channels of all positions of images (N, 3, H, W): (positions, dims, N)."""
        vectors = self.embedding(self.taken(self.teacher(inputs)))
        self._shape = tuple(vectors.shape[2:])
        return vectors[:, self.channels].float().flatten(2).permute(2, 1, 0)

    def collect(self, inputs: Tensor, data_samples: list[AnomalyDataSample]) -> None:
        """Add a batch to sums and products, in float64 and around its first image."""
        vectors = self.embed(inputs).cpu()
        if self._shift is None:
            self._shift = vectors[:, :, :1].clone()
            self._sums = torch.zeros(vectors.shape[:2], dtype=torch.float64)
            self._products = torch.zeros(*vectors.shape[:2], vectors.shape[1], dtype=torch.float64)
        if vectors.shape[:2] != self._sums.shape:
            raise UserError(f'{type(self).__name__} has one Gaussian for each position, and images of two sizes were '
                            'given: resize them to one size in the pipeline')
        self._count += vectors.shape[2]
        step = max(1, CHUNK // vectors[0].numel())
        for begin in range(0, len(vectors), step):
            part = slice(begin, begin + step)
            differences = (vectors[part] - self._shift[part]).double()
            self._sums[part] += differences.sum(2)
            self._products[part].baddbmm_(differences, differences.transpose(1, 2))

    def finish_fit(self) -> None:
        """Means, and inverse factors of the covariances.

        Raises:
            UserError: There were fewer than two images.
        """
        if self._count < 2:
            raise UserError(f'{type(self).__name__} was given {self._count} images, and a covariance needs two: give '
                            'more good images')
        count, dims = self._count, self._sums.shape[1]
        device = self.means.device
        self.means = (self._shift[:, :, 0] + self._sums / count).float().to(device)
        whitening = torch.empty(self._products.shape)
        unit = torch.eye(dims, dtype=torch.float64)
        step = max(1, CHUNK // dims**2)
        for begin in range(0, len(whitening), step):
            part = slice(begin, begin + step)
            sums = self._sums[part]
            covariance = (self._products[part] - sums[:, :, None] * sums[:, None] / count) / (count - 1)
            factor = torch.linalg.cholesky(covariance + self.regularisation * unit)
            whitening[part] = torch.linalg.solve_triangular(factor, unit, upper=False).float()
        self.whitening = whitening.to(device)
        self._forget()
        print_log(f'{len(whitening)} Gaussians of {dims} dimensions from {count} images, '
                  f'{whitening.numel() * 4 / 2**20:.0f} MiB', 'current')

    def score_maps(self, inputs: Tensor) -> Maps:
        """Mahalanobis distances of all positions."""
        differences = self.embed(inputs) - self.means[:, :, None]
        squares = torch.bmm(self.whitening, differences).square().sum(1)  # (positions, N)
        values = squares.sqrt().t().reshape(-1, *self._shape)
        heat, score = self.map_head(values, inputs.shape[2:])
        return Maps(score, heat, (values, ))

    @property
    def limits(self) -> Mapping[str, str]:
        """Covariances of many dimensions do not fit into a file of ONNX."""
        found = dict(super().limits)
        size = 4 * self.whitening.numel()
        if size > ONNX_LIMIT:
            found[EXPORT] = f'its Gaussians take {size / 2**30:.1f} GiB, and a file of ONNX holds 2: train with ' \
                            'fewer model.dims or smaller images'
        return found

    def check_loaded(self, shapes: Mapping[str, tuple[int, ...]]) -> str | None:
        """One Gaussian of the chosen dimensions for each position."""
        means, whitening, dims = shapes.get('means'), shapes.get('whitening'), len(self.channels)
        if means is None or whitening is None or (means == (means[0], dims) and whitening == (means[0], dims, dims)):
            return None
        return f'the Gaussians {means} and {whitening} are not of {dims} dimensions'
