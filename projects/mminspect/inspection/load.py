"""An inspector from a file: an exported model, or a checkpoint with its config."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mminspect.core.errors import UserError, no_file
from mminspect.core.trusted import import_trusted
from mminspect.decisions import Threshold

from .inspector import Inspector
from .network import CHECKPOINTS, PYTORCH, Network

if TYPE_CHECKING:
    from mmengine.config import Config

    from mminspect.models.checkpoint import Checkpoint


def load_inspector(model: str | Path, config: str | Path | Config | None = None, runtime: str | None = None,
                   device: str = 'cpu', tile: int | None = None, overlap: int | None = None,
                   threshold: float | None = None, false_reject_rate: float | None = None,
                   precision: str | None = None, imports: Sequence[str] = ()) -> Inspector:
    """Make ready to inspect.

    A checkpoint brings its config along as data. Of that, only modules of installed packages that declare the
    entry-point group ``mminspect.methods`` are imported, and nothing that lies beside the file is executed.

    Args:
        model: File that mminspect export wrote (``.onnx``), or a checkpoint (``.pth``, ``.safetensors``).
        config: In place of the one in the checkpoint, a file, which is a program that runs when it is read, or what
            was read of it.
        runtime: 'pytorch' for a checkpoint, which knows no other; of an exported model, the name of a registered
            runtime, by default the first for files of its suffix, which is ONNX Runtime for ``.onnx``.
        device: Of PyTorch, or of a runtime that knows others than the CPU.
        tile: Side of the tiles that images are cut into, in pixels of the image; by default as the model was calibrated
            or trained; 0: images are not cut.
        overlap: That neighbouring tiles have at least, in pixels; by default likewise, of another tile an eighth.
        threshold: On the score, in place of the model's.
        false_reject_rate: In (0, 1): choose the threshold by it, from the scores of normal images in the model.
        precision: Of the runtime, by default f32; OpenVINO also knows bf16, which is faster where the processor
            computes in it.
        imports: Further Python modules that you trust: the stored config may import them, and where the runtime or the
            suffix of an exported model is not known, they are imported to register it.

    Raises:
        UserError: A file is missing, damaged or does not belong to the other; the runtime, device or precision does not
            fit or is not there; the model holds no such scores, or too few for the rate.
    """
    if threshold is not None and false_reject_rate is not None:
        raise UserError('a threshold and a false-reject rate are given: give one of them')
    network = open_model(model, config, runtime, device, precision, imports)[0]
    return make_inspector(network, tile, overlap, threshold, false_reject_rate)


def make_inspector(network: Network, tile: int | None = None, overlap: int | None = None,
                   threshold: float | None = None, false_reject_rate: float | None = None) -> Inspector:
    """An inspector with a network that is open; arguments and errors as for :func:`load_inspector`."""
    inspector = Inspector(network, tile, overlap)
    if threshold is not None:
        inspector.threshold = threshold
    if false_reject_rate is not None:
        inspector.threshold = _chosen(inspector, false_reject_rate)
    if threshold is None and inspector.sees_otherwise:
        _tell_tiles(inspector)
    return inspector


def _tell_tiles(inspector: Inspector) -> None:
    def words(tile: int | None, overlap: int | None) -> str:
        if tile is None:
            return 'on single pictures or tiles, as the training saw them'
        return f'on tiles of {tile} pixels that overlap by {overlap}' if tile else 'without tiles'

    known = inspector.calibration
    # not mmengine's logger, which loads torch: 300 MiB for a sentence about an exported model
    logging.getLogger(__name__).warning(
        'The threshold of %s was chosen %s, and images are inspected %s: its false-reject rate does not hold. '
        'Calibrate the model in this way (mminspect calibrate).', inspector.spec.name, words(known.tile, known.overlap),
        words(inspector.tile or 0, inspector.overlap))


def open_model(model: str | Path, config: str | Path | Config | None = None, runtime: str | None = None,
               device: str = 'cpu', precision: str | None = None,
               imports: Sequence[str] = ()) -> tuple[Network, Checkpoint | None]:
    """The network in a file, and what was read of it; arguments and errors as for :func:`load_inspector`.

    Returns:
        The network, and the checkpoint that it was built from; None for an exported model.
    """
    if not Path(model).is_file():
        raise no_file(f'model {model}', model)
    model = Path(model)
    _import_runtimes(model, runtime, imports)
    if model.suffix not in CHECKPOINTS:
        return _open_exported(model, runtime, device, precision), None
    _check_options_of_checkpoint(model, runtime, precision)
    _check_device(device)
    # here: an exported model needs none of these, and they take seconds to import
    from mminspect.models.checkpoint import Checkpoint

    from .networks import build_network
    checkpoint = Checkpoint.open(model)
    return build_network(config_for(checkpoint, config, imports), checkpoint, device=device), checkpoint


def _import_runtimes(model: Path, runtime: str | None, imports: Sequence[str]) -> None:
    """Import what the user trusts, if the model or the runtime is of a kind that nothing has registered yet.

    Otherwise it belongs to a checkpoint's method or to the station's cameras, which an exported model does not need.
    """
    if model.suffix in CHECKPOINTS and runtime in (None, PYTORCH):
        return
    from .backends import is_exported, runtime_names
    if not (model.suffix in CHECKPOINTS or is_exported(model)) or runtime not in (None, PYTORCH, *runtime_names()):
        import_trusted(imports, str(model))


def _open_exported(model: Path, runtime: str | None, device: str, precision: str | None) -> Network:
    from .backends import check_device, exported_suffixes, find_runtime, is_exported, open_network
    if not is_exported(model):
        raise UserError(f'{model} is no model: name a file that ends in {", ".join(exported_suffixes())}, '
                        f'{" or ".join(CHECKPOINTS)}, or the module that registers a runtime for it (--import)')
    if runtime == PYTORCH:
        raise UserError(f'{model} is an exported model, which PyTorch does not run: give its checkpoint, or another '
                        'runtime')
    check_device(find_runtime(model, runtime), model, device)
    return open_network(model, runtime=runtime, precision=precision, device=device)


def _check_options_of_checkpoint(model: Path, runtime: str | None, precision: str | None) -> None:
    if runtime not in (None, PYTORCH):
        from .backends import runtime_names
        if runtime not in runtime_names():
            raise UserError(f'runtime {runtime!r} is unknown: use one of {", ".join((PYTORCH, *runtime_names()))}')
        raise UserError(f'{model} is a checkpoint, which {runtime} does not run: export it first with '
                        'mminspect export')
    if precision not in (None, 'f32'):
        raise UserError(f'{model} is a checkpoint, which is computed in f32: for {precision} export it '
                        'first with mminspect export')


def config_for(checkpoint: Checkpoint, config: str | Path | Config | None = None, imports: Sequence[str] = (),
               options: dict[str, Any] | None = None) -> Config:
    """The config that a checkpoint is used with: a file that the user names, or else its own, as data.

    Args:
        checkpoint: Opened.
        config: The file, or what was read of it.
        imports: Modules that its own config may import, because the user trusts them.
        options: Overrides of entries (``--cfg-options``).

    Raises:
        UserError: The file cannot be read; or the checkpoint has no config, or one that names components or modules
            which are not installed.
    """
    from mminspect.models.config_trust import check_components, import_methods_of
    from mminspect.runtime import load_config, override
    if isinstance(config, (str, Path)):
        return load_config(str(config), options)
    if config is not None:
        override(config, options or {})
        return config
    cfg = checkpoint.config()
    import_methods_of(cfg, checkpoint.path, imports)
    override(cfg, options or {})
    check_components(cfg, checkpoint.path)
    return cfg


def _check_device(device: str) -> None:
    import torch
    try:
        torch.empty(1, device=device).tolist()  # 'meta' has no memory, so that nothing comes out of it
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f'device {device!r} cannot be used here ({reason}): give cpu or another') from error


def _chosen(inspector: Inspector, rate: float) -> Threshold:
    scores = inspector.calibration and inspector.calibration.scores
    if scores is None:
        raise UserError('the model holds no scores of normal images to choose a threshold from: run '
                        'mminspect calibrate on it, or give the threshold itself')
    return scores.threshold(rate)
