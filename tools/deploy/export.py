"""Export a checkpoint: ``mminspect export CHECKPOINT --out model.onnx``.

The config is the one in the checkpoint, which is data, unless a config file, which is a program, is named before it.

The file takes any number of images at a time and holds all that is needed to use it: pre-processing, smoothing,
classes, sizes, threshold. An .onnx file has standard operators only; with ``--int8`` a version in 8-bit integers is
written beside it, and what that loses is printed. Its threshold is chosen anew, from the images of the checkpoint's
where these are among those of ``--int8``; else it has none, and ``mminspect calibrate`` has to follow.
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.core.locks import replacing_alone
from mminspect.core.names import printable
from mminspect.core.outputs import check_output_file, place
from mminspect.core.trusted import import_trusted
from mminspect.decisions import Calibration
from mminspect.inspection.backends import open_network, set_calibration
from mminspect.inspection.export import accuracy, export_network, is_target, make_target
from mminspect.inspection.export.refitting import refit
from mminspect.inspection.export.target import Target
from mminspect.inspection.good_parts import check_good_parts, folders_without_good
from mminspect.inspection.load import config_for
from mminspect.inspection.networks import TorchNetwork, build_network
from mminspect.inspection.sources import find_images
from mminspect.models.checkpoint import Checkpoint


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('files', nargs='+', metavar='[CONFIG] CHECKPOINT',
                        help='.pth or .safetensors file, before it perhaps a config file to use in place of its own')
    parser.add_argument('--config', help='the same as a config file before the checkpoint')
    parser.add_argument('--import', dest='imports', action='append', default=[], metavar='MODULE',
                        help='Python module that you trust: of the method, where the checkpoint names one that no '
                             'installed package of methods has, or of a target (docs/add_a_target.md)')
    parser.add_argument('--out', type=place, required=True, metavar='MODEL.onnx', help='file to write or replace')
    parser.add_argument('--target', metavar='NAME',
                        help='form of the file: onnx, or one that --import registers (default: by the suffix of --out)')
    parser.add_argument('--opset', type=int, help='of onnx, version of the operators (default: 17)')
    parser.add_argument('--int8', nargs='+', metavar='FOLDER', help='normal images: write MODEL.int8.onnx too, '
                                                                    'quantised with the ranges that they show')
    parser.add_argument('--eval', choices=[accuracy.TEST, accuracy.NORMAL],
                        help='where to measure what int8 loses: on the test set of the config or on the normal images '
                             '(default: the test set if it is there)')
    parser.add_argument('--cfg-options', nargs='+', action=cli.OptionsAction, metavar='KEY=VALUE',
                        help='override entries of the config, e.g. category=screw')
    args = parser.parse_args(argv)
    *configs, args.checkpoint = args.files
    configs += [args.config] if args.config else []
    if len(configs) > 1:
        parser.error(f'a config and a checkpoint at most, got {", ".join([*configs, args.checkpoint])}')
    args.config = configs[0] if configs else None
    if args.eval and not args.int8:
        parser.error('--eval belongs to --int8')
    return args


def main(argv: Sequence[str] | None = None) -> None:
    """Export, quantise if wanted, print what was measured."""
    args = parse_args(argv)
    out: Path = args.out
    if not is_target(out, args.target):
        import_trusted(args.imports, str(out))
    target = make_target(out, args.target, **({} if args.opset is None else dict(opset=args.opset)))
    if args.int8 and not target.quantizes:
        raise UserError(f'--int8: target {target.name} has no form in 8-bit integers, leave the option out')
    small = out.with_suffix(f'.int8{out.suffix}')
    for path in (out, small) if args.int8 else (out,):
        check_output_file(path, '--out')
    found = find_images(args.int8) if args.int8 else []
    names, given = [image.name for image in found], ', '.join(args.int8 or ())
    check_good_parts(names, given)
    if told := folders_without_good(names, given):
        print(f'warning: {printable(told)}')
    normal = [image.path for image in found]
    checkpoint = Checkpoint.open(args.checkpoint)
    cfg = config_for(checkpoint, args.config, args.imports, args.cfg_options)
    network = build_network(cfg, checkpoint)
    with replacing_alone(out):
        write(network, out, target)
        if normal:
            quantize(target, out, small, normal)
    if normal:
        print(accuracy.lost_accuracy(cfg, open_network(out), open_network(small), normal, args.eval))


def quantize(target: Target, out: Path, small: Path, normal: Sequence[Path]) -> None:
    """Write the 8-bit form with a threshold of its own, and print which."""
    target.quantize(out, small, normal)
    exact, quantized = open_network(out), open_network(small)
    if quantized.spec.calibration is not None:  # a target that took along what is not true of its scores
        set_calibration(small, None)
        quantized = open_network(small)
    calibration = refit(exact, quantized, normal)
    if calibration is not None:
        set_calibration(small, calibration.state())
    print(f'{small}: {small.stat().st_size / 1e6:.1f} MB', flush=True)
    if calibration is not None:
        known = Calibration.from_state(exact.spec.calibration).threshold
        print(f'threshold of int8: {calibration.threshold}, on the same images as {known.value:.4g} of {out.name}')
        return
    file, reason = printable(str(small)), f'as {out.name} has none'
    if exact.spec.calibration is not None:
        known = Calibration.from_state(exact.spec.calibration).threshold
        reason = (f'since the images that {known.value:.4g} of {out.name} was chosen on are not all among those of '
                  '--int8')
    print(f'warning: {file} has no threshold, {reason}: run mminspect calibrate {file} GOOD --false-reject-rate 0.01, '
          'with a folder of good parts that the training has not seen')


def write(network: TorchNetwork, out: Path, target: Target) -> None:
    """Export, and print what was measured."""
    apart = ', '.join(f'{name} {value:.2g}' for name, value in export_network(network, out, target).items())
    print(f'{out}: {out.stat().st_size / 1e6:.1f} MB, fingerprint {network.spec.fingerprint}, largest difference from '
          f'PyTorch: {apart}', flush=True)


if __name__ == '__main__':
    cli.run(main)
