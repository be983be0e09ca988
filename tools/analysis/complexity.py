"""Parameters and FLOPs of a model: ``mminspect complexity CONFIG --shape 800 1280``.

Needs neither weights nor data, and no teacher: a distilled detector counts as its student, an anomaly model with its
teacher. A model that keeps what it saw (a memory bank) costs as much as that: name its checkpoint.
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence

from mminspect import runtime
from mminspect.core import cli
from mminspect.experiments.complexity import complexity_of, report


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', nargs='?', help='of a model that is fitted on data (.pth or .safetensors)')
    parser.add_argument('--shape', type=int, nargs=2, default=[800, 1280], metavar=('HEIGHT', 'WIDTH'),
                        help='of the network\'s input in pixels (default: 800 1280, as in the paper)')
    parser.add_argument('--cfg-options', nargs='+', action=cli.OptionsAction, metavar='KEY=VALUE',
                        help='override entries of the config, e.g. model.bbox_head.num_classes=6')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Count and print."""
    args = parse_args(argv)
    cfg = runtime.load_config(args.config, args.cfg_options)
    print(report(complexity_of(cfg, tuple(args.shape), args.checkpoint), args.config))


if __name__ == '__main__':
    cli.run(main)
