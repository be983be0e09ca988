"""Test a checkpoint: ``mminspect test CONFIG CHECKPOINT``."""
from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import is_main_process

from mminspect import runtime
from mminspect.core import cli
from mminspect.core.errors import no_file
from mminspect.core.fileio import replacing
from mminspect.core.outputs import check_output_folder, place
from mminspect.core.setup import setup
from mminspect.models.checkpoint import Checkpoint

#: Draws detections, unless the config names another ``picture_hook``.
SIDE_BY_SIDE = dict(type='mmengine.SideBySideHook')


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='.pth or .safetensors file')
    parser.add_argument('--work-dir', type=place,
                        help='where logs and metrics.json go (default: the folder of the checkpoint)')
    parser.add_argument('--show-dir', help='draw ground truth beside prediction (the config\'s picture_hook) into this '
                                           'folder of the work dir')
    parser.add_argument('--cfg-options', nargs='+', action=cli.OptionsAction, metavar='KEY=VALUE',
                        help='override entries of the config, e.g. model.test_cfg.score_thr=0.3')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def add_hook(cfg: Config, hook: dict) -> None:
    """Append to the custom hooks."""
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]


def check_checkpoint(checkpoint: str) -> None:
    """Raise UserError for a file that is not there."""
    if '://' not in checkpoint and not Path(checkpoint).expanduser().is_file():
        raise no_file(f'checkpoint {checkpoint}', Path(checkpoint).expanduser())


def main() -> None:
    """Config, checks, Runner, metrics.json (null where a metric is undefined)."""
    args = parse_args()
    setup()
    # beside the checkpoint: the distilled student is tested with the plain student's config, whose folder is not its
    work_dir = str(args.work_dir or Path(args.checkpoint).parent)
    check_checkpoint(args.checkpoint)
    check_output_folder(work_dir, '--work-dir')
    if args.show_dir:
        check_output_folder(Path(work_dir, args.show_dir), '--show-dir')
    cfg = runtime.load_config(args.config, args.cfg_options, work_dir)
    cfg.launcher, cfg.load_from, cfg.resume = args.launcher, args.checkpoint, False
    if args.show_dir:
        add_hook(cfg, dict(cfg.get('picture_hook') or SIDE_BY_SIDE, out_dir=args.show_dir))
    elif cfg.get('picture_hook'):
        add_hook(cfg, dict(cfg.picture_hook, max_images=0))  # curves alone
    runtime.check_data(cfg, ('test_dataloader',))
    runtime.prepare_work_dir(cfg.work_dir)
    checkpoint = Checkpoint.open(args.checkpoint)
    runner = runtime.build_runner(cfg, checkpoint)
    runtime.check_checkpoint(runner.model, checkpoint)
    with runtime.explain_errors(cfg):
        metrics = runner.test()
    if is_main_process():
        values = {name: float(value) if math.isfinite(value) else None for name, value in metrics.items()}
        record = json.dumps(dict(checkpoint=Path(args.checkpoint).name, **values), indent=2, allow_nan=False)
        with replacing(Path(cfg.work_dir) / 'metrics.json') as handle:
            handle.write(record.encode())


if __name__ == '__main__':
    cli.run(main)
