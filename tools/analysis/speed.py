"""Latency and images per second at batch size 1: ``mminspect speed CONFIG CHECKPOINT --dataset``.

Without a checkpoint the weights are random: the network takes the same time, NMS gets another number of boxes.
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch

from mminspect import runtime
from mminspect.core import cli
from mminspect.experiments import latency
from mminspect.experiments.environment import default_device
from mminspect.models.building import load_model


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', nargs='?', help='.pth or .safetensors file (default: random weights)')
    source = parser.add_mutually_exclusive_group()
    source.add_argument('--shape', type=int, nargs=2, default=[480, 1088], metavar=('HEIGHT', 'WIDTH'),
                        help='of a noise image in pixels (default: 480 1088)')
    source.add_argument('--dataset', action='store_true', help='the test images of the config instead')
    parser.add_argument('--images', type=int, default=50, help='images to time (default: %(default)s)')
    parser.add_argument('--warmup', type=int, default=5, help='images to run before (default: %(default)s)')
    parser.add_argument('--threads', type=int, help='torch threads on the CPU (default: torch\'s)')
    parser.add_argument('--cfg-options', nargs='+', action=cli.OptionsAction, metavar='KEY=VALUE',
                        help='override entries of the config')
    args = parser.parse_args(argv)
    if args.threads is not None and args.threads < 1:
        parser.error('--threads must be at least 1')
    return args


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    args = parse_args(argv)
    cfg = runtime.load_config(args.config, args.cfg_options)
    if args.threads:
        torch.set_num_threads(args.threads)
    model = load_model(cfg, args.checkpoint, default_device())
    images = latency.dataset_images(cfg, args.warmup + args.images) if args.dataset else \
        latency.random_images(tuple(args.shape))
    result = latency.measure(model, images, args.images, args.warmup)
    print(latency.report(result, args.config, args.checkpoint or 'random', latency.included_in(model)))


if __name__ == '__main__':
    cli.run(main)
