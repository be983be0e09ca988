"""Train a model: ``mminspect train CONFIG``.

In place of a config, a folder of good pictures: the config is then written into the work dir, and named.
"""
from __future__ import annotations

import argparse
import os
from contextlib import nullcontext
from pathlib import Path

from mmengine.config import Config

from mminspect import runtime
from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.core.fileio import remove_unfinished
from mminspect.core.locks import writing_alone
from mminspect.core.once import reading_once
from mminspect.core.outputs import check_output_folder, place
from mminspect.core.setup import setup
from mminspect.models.checkpoint import Checkpoint, checkpoint_to_resume
from mminspect.survey.announcing import announce, is_first_process

#: What goes on where an interrupted run stopped.
AGAIN = 'the same command with --resume'


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, name of a config of this project, or folder of good pictures')
    parser.add_argument('--work-dir', type=place,
                        help='where logs and checkpoints go (default: work_dirs/<config name>)')
    parser.add_argument('--resume', nargs='?', const='auto',
                        help='go on from the last checkpoint in the work dir, or from the one named')
    parser.add_argument('--amp', action='store_true', help='mixed precision: float16 on a GPU, bfloat16 on a CPU')
    parser.add_argument('--seed', type=int, help='random seed (default: the config\'s)')
    parser.add_argument('--cfg-options', nargs='+', action=cli.OptionsAction, metavar='KEY=VALUE',
                        help='override entries of the config, e.g. optim_wrapper.optimizer.lr=0.01')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def config_of_folder(folder: str, work_dir: Path | None) -> str:
    """Write the config of a folder of good pictures, and name it."""
    from anomaly_rd.quickstart import write_config
    config = write_config(folder, work_dir, '--work-dir')
    print(f'the config, to read and to change: {config}', flush=True)
    return str(config)


def main() -> None:
    """Config, checks, Runner."""
    args = parse_args()
    if args.work_dir:
        check_output_folder(args.work_dir, '--work-dir')
    setup()
    if args.config and Path(args.config).is_dir():
        args.config = config_of_folder(args.config, args.work_dir)
    cfg = runtime.load_config(args.config, args.cfg_options, args.work_dir and str(args.work_dir))
    cfg.launcher = args.launcher
    if args.amp:
        runtime.use_amp(cfg)
    if args.seed is not None:
        if not 0 <= args.seed < 2**32:
            raise UserError(f'--seed is {args.seed}: give a whole number from 0 to {2**32 - 1}')
        cfg.randomness = dict(cfg.get('randomness', {}), seed=args.seed)
    if args.resume:
        newest = checkpoint_to_resume(cfg.work_dir) if args.resume == 'auto' else args.resume
        cfg.resume = newest is not None
        if newest is not None:  # else the training begins with the weights that the config names, if any
            cfg.load_from = str(newest)
    runtime.check_length(cfg)
    runtime.skip_missing_validation(cfg)
    first = is_first_process(cfg.launcher)  # it speaks and writes for all processes
    with reading_once():
        runtime.check_data(cfg, ('train_dataloader', 'val_dataloader'))
        if first and not args.resume:
            announce(cfg)
    runtime.prepare_work_dir(cfg.work_dir)
    with nullcontext() if not first else writing_alone(
            cfg.work_dir, 'training', f'another training writes into {cfg.work_dir}: wait for its end, or choose '
                                      'another folder with --work-dir'):
        train(cfg)


def train(cfg: Config) -> None:
    """Begin, or go on from ``cfg.load_from``."""
    remove_unfinished(cfg.work_dir)
    checkpoint = Checkpoint.open(cfg.load_from) if cfg.get('load_from') else None
    runner = runtime.build_runner(cfg, checkpoint)
    runtime.announce_initial_weights(cfg)
    if cfg.get('resume') and checkpoint is not None:
        runtime.check_checkpoint(runner.model, checkpoint, resume=True)
    elif checkpoint is not None:
        runtime.check_initial_weights(runner.model, checkpoint)
    with runtime.explain_errors(cfg):
        runner.train()


if __name__ == '__main__':
    cli.run(main, AGAIN)
