"""An inspector from a file: an exported model, or a checkpoint with its config."""
from __future__ import annotations

import logging
from pathlib import Path

from mminspect.core.errors import UserError
from mminspect.decisions import Threshold

from .inspector import Inspector
from .network import EXPORT_RUNTIMES, PRECISIONS, Network

RUNTIMES = ('pytorch', *EXPORT_RUNTIMES)
EXPORTED, CHECKPOINTS = '.onnx', ('.pth', '.safetensors')


def load_inspector(model: str | Path, config: str | Path | None = None, runtime: str | None = None,
                   device: str = 'cpu', tile: int | None = None, overlap: int | None = None,
                   threshold: float | None = None, false_reject_rate: float | None = None,
                   precision: str | None = None) -> Inspector:
    """Make ready to inspect.

    Args:
        model: ``.onnx`` file that tools/deploy/export.py wrote, or a checkpoint (``.pth``, ``.safetensors``).
        config: Of the checkpoint; by default the one ``.py`` file that training left beside it.
        runtime: One of :data:`RUNTIMES`; by default ONNX Runtime for an exported model and PyTorch for a checkpoint,
            which knows no other.
        device: Of PyTorch.
        tile: Side of the tiles that images are cut into, in pixels of the image; by default as the model was calibrated
            or trained; 0: images are not cut.
        overlap: That neighbouring tiles have at least, in pixels; by default likewise, of another tile an eighth.
        threshold: On the score, in place of the model's.
        false_reject_rate: In (0, 1): choose the threshold by it, from the scores of normal images in the model.
        precision: Of OpenVINO, one of :data:`~mminspect.inspection.network.PRECISIONS`, by default f32; bf16 is faster
            where the processor computes in it.

    Raises:
        UserError: A file is missing, damaged or does not belong to the other; the runtime, device or precision does not
            fit or is not there; the model holds no such scores, or too few for the rate.
    """
    if threshold is not None and false_reject_rate is not None:
        raise UserError('a threshold and a false-reject rate are given: give one of them')
    if not Path(model).is_file():
        raise UserError(f'model {model} does not exist: check the path')
    inspector = Inspector(_open(Path(model), config, runtime, device, precision), tile, overlap)
    if threshold is not None:
        inspector.threshold = threshold
    if false_reject_rate is not None:
        inspector.threshold = _chosen(inspector, false_reject_rate)
    if threshold is None and inspector.sees_otherwise:
        _tell_tiles(inspector)
    return inspector


def _tell_tiles(inspector: Inspector) -> None:
    def words(tile: int | None, overlap: int | None) -> str:
        return f'on tiles of {tile} pixels that overlap by {overlap}' if tile else 'without tiles'

    known = inspector.calibration
    # not mmengine's logger, which loads torch: 300 MiB for a sentence about an exported model
    logging.getLogger(__name__).warning(
        'The threshold of %s was chosen %s, and images are inspected %s: its false-reject rate does not hold. '
        'Calibrate the model in this way (tools/calibrate.py).', inspector.spec.name, words(known.tile, known.overlap),
        words(inspector.tile, inspector.overlap))


def _open(model: Path, config: str | Path | None, runtime: str | None, device: str,
          precision: str | None) -> Network:
    if runtime not in (None, *RUNTIMES):
        raise UserError(f'runtime {runtime!r} is unknown: use one of {", ".join(RUNTIMES)}')
    if model.suffix == EXPORTED:
        if runtime == 'pytorch':
            raise UserError(f'{model} is an exported model, which PyTorch does not run: give its checkpoint, or '
                            'another runtime')
        if device != 'cpu':
            raise UserError(f'{model} is an exported model, which runs on the CPU: give its checkpoint, or device cpu '
                            f'instead of {device}')
        from .backends import open_network
        return open_network(model, runtime=runtime, precision=precision)
    if model.suffix not in CHECKPOINTS:
        raise UserError(f'{model} is no model: name a file that ends in {EXPORTED}, {" or ".join(CHECKPOINTS)}')
    if runtime not in (None, 'pytorch'):
        raise UserError(f'{model} is a checkpoint, which {runtime} does not run: export it first with '
                        'tools/deploy/export.py')
    if precision not in (None, PRECISIONS[0]):
        raise UserError(f'{model} is a checkpoint, which is computed in f32: for {precision} export it '
                        'first with tools/deploy/export.py')
    _check_device(device)
    # here: an exported model needs none of these, and they take seconds to import
    from mminspect.runtime import load_config

    from .networks import build_network
    return build_network(load_config(str(config or _config_beside(model))), str(model), device=device)


def _check_device(device: str) -> None:
    import torch
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f'device {device!r} cannot be used here ({reason}): give cpu or another') from error


def _config_beside(checkpoint: Path) -> Path:
    found = sorted(path for path in checkpoint.parent.glob('*.py') if not path.name.startswith('.'))
    if len(found) != 1:
        raise UserError(f'there {"is no config" if not found else f"are {len(found)} configs"} beside {checkpoint}: '
                        'name the one it was trained with (--config)')
    return found[0]


def _chosen(inspector: Inspector, rate: float) -> Threshold:
    scores = inspector.calibration and inspector.calibration.scores
    if scores is None:
        raise UserError('the model holds no scores of normal images to choose a threshold from: run '
                        'tools/calibrate.py on it, or give the threshold itself')
    return scores.threshold(rate)
