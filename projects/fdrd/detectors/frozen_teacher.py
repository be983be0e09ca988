"""Where the teacher comes from and how it is kept out of the student."""
from __future__ import annotations

import inspect
from pathlib import Path

import torch
from mmdet.models.dense_heads import AnchorHead
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.logging import print_log
from torch import nn

from fdrd.tracing import layout_of
from mminspect.core.config_names import PREFIX, find_config
from mminspect.core.errors import UserError
from mminspect.core.log import quiet_log
from mminspect.models.checkpoint import Checkpoint, weight_mismatch
from mminspect.models.digests import sha256, weights_sha256
from mminspect.models.teacher import TeacherSlot, announce_random, freeze


class DetectorTeacherSlot(TeacherSlot):
    """A slot that loads its teacher on first use.

    A copy (EMA hooks copy the model, ``torch.save(model)`` pickles it) is an empty slot: copies predict, they do not
    distil.

    Args:
        config: See :func:`read_teacher_config`.
        checkpoint: File or URL of the weights; None for random ones.
        dtype: See :class:`~mminspect.models.teacher.TeacherSlot`.

    Attributes:
        fingerprint: SHA-256 of the checkpoint's file, or of the weights of one that is no file here; '' for random
            weights or before loading.
    """

    def __init__(self, config: dict | str, checkpoint: str | None, dtype: str | None = None) -> None:
        super().__init__(dtype)
        self.config, self.checkpoint, self._dtype_name = config, checkpoint, dtype

    def __reduce__(self) -> tuple[type[DetectorTeacherSlot], tuple[dict | str, str | None, str | None]]:
        return DetectorTeacherSlot, (self.config, self.checkpoint, self._dtype_name)

    def get(self, student: nn.Module) -> nn.Module:
        """The frozen teacher on the student's device, checked against the student.

        Raises:
            UserError: See :func:`load_teacher` and :func:`check_compatible`.
        """
        if self.module is None:
            teacher = load_teacher(self.config, self.checkpoint)
            fingerprint = self._identity_of(teacher)
            check_compatible(student, teacher.to(next(student.parameters())))  # its device and dtype
            self.put(teacher)
            self.fingerprint = fingerprint
        return self.module

    def _identity_of(self, teacher: nn.Module) -> str:
        if self.checkpoint is None:
            return ''
        local = Path(self.checkpoint).is_file()
        return sha256(self.checkpoint) if local else weights_sha256(teacher.state_dict())


def read_teacher_config(source: dict | str | Path) -> Config | dict:
    """The teacher's config.

    Args:
        source: A dict or Config with key ``model``, a path (relative to the working directory), or a name
            (``'mmdet::...'``, ``'mminspect::...'``).

    Raises:
        UserError: There is no such file, or it cannot be read, or it has no ``model``.
    """
    config = source
    if isinstance(source, (str, Path)):
        elsewhere = '::' in str(source) and not str(source).startswith(PREFIX)
        try:
            config = get_config(str(source)) if elsewhere else Config.fromfile(find_config(source))
        except UserError as error:
            raise UserError(f'teacher_config: {error} (looked in {Path.cwd()})') from error
        except (Exception, SystemExit) as error:  # a config is a program
            raise UserError(f'teacher_config {source} cannot be read: {type(error).__name__}: {error}') from error
    if 'model' not in config:
        raise UserError(f'teacher_config {source if isinstance(source, (str, Path)) else "(a dict)"} has no `model`')
    return config


def peek_feat_channels(source: dict | str | Path | None) -> int | None:
    """Width of the teacher's head towers, or None where its config cannot be read (testing does not need it)."""
    if source is None:
        return None
    try:
        head = read_teacher_config(source)['model'].get('bbox_head') or {}
    except UserError:
        return None
    return head.get('feat_channels', inspect.signature(AnchorHead).parameters['feat_channels'].default)


def load_teacher(source: dict | str | Path, checkpoint: str | None) -> nn.Module:
    """Build the teacher, load its weights strictly, freeze it and set it to eval mode.

    Args:
        source: See :func:`read_teacher_config`.
        checkpoint: File or URL of its weights; None for random ones.

    Returns:
        The teacher; its ``dataset_meta`` is that of the checkpoint (``classes``), empty where the file has none.

    Raises:
        UserError: Missing config or checkpoint, or weights that are not those of the config.
    """
    cfg = read_teacher_config(source)['model'].copy()
    cfg.pop('init_cfg', None)
    cfg['backbone'] = dict(cfg['backbone'], init_cfg=None)  # its weights come from the checkpoint, not from the network
    teacher = MODELS.build(cfg)
    if checkpoint is None:
        announce_random('the detector', 'teacher_ckpt')
        with quiet_log():  # mmengine logs four lines for every parameter
            teacher.init_weights()
        teacher.dataset_meta = {}
    else:
        teacher.dataset_meta = _load_strictly(teacher, checkpoint).get('dataset_meta') or {}
        name = source if isinstance(source, (str, Path)) else 'a dict'
        print_log(f'Teacher: {type(teacher).__name__} of {name} with the weights of {checkpoint}', logger='current')
    return freeze(teacher)


def _load_strictly(teacher: nn.Module, checkpoint: str) -> dict:
    """Load the weights; returns the checkpoint's ``meta``."""
    try:
        opened = Checkpoint.open(checkpoint)
    except (UserError, OSError) as error:  # OSError: also what a download may raise
        raise UserError(f'teacher_ckpt: {error}; train the teacher first or correct model.teacher_ckpt') from error
    if examples := weight_mismatch(teacher.state_dict(), opened.weights):
        raise UserError(f'teacher_ckpt {checkpoint} does not belong to teacher_config: {examples}; '
                        'name the config that this checkpoint was trained with')
    with torch.no_grad():
        teacher.load_state_dict(opened.weights, strict=True)
    return opened.content.get('meta') or {}


def check_compatible(student: nn.Module, teacher: nn.Module) -> None:
    """Check once, before training, that the two detectors can be joined.

    Raises:
        UserError: One of the heads cannot be traced, or class count, strides, reg_max, anchors per location or
            normalisation differ, or a distillation term refuses the pair.
    """
    if not hasattr(teacher, 'bbox_head') or not hasattr(teacher, 'extract_feat'):
        raise UserError(f'the teacher must be a single-stage detector, got {type(teacher).__name__}')
    ours, theirs = student.bbox_head, teacher.bbox_head
    for head in (ours, theirs):
        layout_of(head)
    for what, read in _COMPARED.items():
        a, b = read(ours), read(theirs)
        if a != b:
            raise UserError(f'student and teacher differ in {what}: {a} and {b}; give both the same in their configs')
    for name in ('mean', 'std'):
        a, b = (getattr(d.data_preprocessor, name, None) for d in (student, teacher))
        if (a is None) != (b is None) or (a is not None and not torch.allclose(a.cpu().double(), b.cpu().double())):
            raise UserError(f'student and teacher normalise images with a different {name}; '
                            'give both the same data_preprocessor')
    a, b = (getattr(d.data_preprocessor, '_channel_conversion', False) for d in (student, teacher))
    if a != b:
        raise UserError('student and teacher read colours in different orders; give both the same bgr_to_rgb')
    for term in student.distillers:
        term.check(student, teacher)


_COMPARED = {
    'num_classes': lambda head: head.num_classes,
    'strides': lambda head: [tuple(s) for s in head.prior_generator.strides],
    'reg_max': lambda head: getattr(head, 'reg_max', None),
    'anchors per location': lambda head: head.num_base_priors,
}
