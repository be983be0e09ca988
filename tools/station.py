"""The inspection station in a browser: upload pictures, watch a camera, review records, choose the threshold.

Example::

    mminspect station --model model.onnx --source folder:data/replay

Without a login it listens at this machine alone. Beyond it, make a user first (--add-user NAME) and give --host.
docs/station.md lists the environment variables for limits, database and proxies.
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mminspect.core import cli
from mminspect.core.errors import UserError
from mminspect.core.outputs import check_output_folder, place


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', help='exported model (.onnx) or checkpoint (.pth, .safetensors)')
    parser.add_argument('--config', help='config file of a checkpoint, a program that runs when it is read (default: '
                                         'the config in the checkpoint, which is data)')
    parser.add_argument('--runtime', metavar='NAME',
                        help='onnxruntime or openvino for .onnx, or one that --import registers (default: the first '
                             'for files of this suffix; pytorch for a checkpoint)')
    parser.add_argument('--precision', metavar='NAME', help='of the runtime, e.g. bf16 of openvino (default: f32)')
    parser.add_argument('--data', type=place, default=Path('work_dirs/station'),
                        help='folder of database, pictures and secrets (default: %(default)s)')
    parser.add_argument('--host', default='127.0.0.1', help='address to listen at (default: %(default)s)')
    parser.add_argument('--port', type=int, default=8000, help='0: any that is free (default: %(default)s)')
    parser.add_argument('--source', action='append', default=[], metavar='SOURCE',
                        help='folder:DIR, video:FILE, camera:0, camera:rtsp://HOST/PATH or a kind of --import; may be '
                             'repeated')
    parser.add_argument('--import', action='append', default=[], metavar='MODULE', dest='imports',
                        help='module that registers another kind of source (docs/add_a_camera.md), a runtime '
                             '(docs/add_a_target.md) or the method of a checkpoint, and that you trust; may be '
                             'repeated')
    parser.add_argument('--add-user', metavar='NAME', help='make a user or change the password, and end')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Prepare and serve."""
    args = parse_args(argv)
    if args.model is None and args.add_user is None:
        raise UserError('the station needs a model: --model MODEL.onnx from mminspect export, or `make station` '
                        'for that of the demo')
    check_output_folder(args.data, '--data')
    try:
        from mminspect.station import command
    except ImportError as error:
        raise UserError(f'the station needs more packages ({error}): pip install ".[web]"') from error
    command.prepare(args.data, args.model, args.config, args.host, args.source, args.runtime, args.precision,
                    args.imports)
    if args.add_user:
        command.add_user(args.add_user)
    else:
        command.serve(args.port)


if __name__ == '__main__':
    cli.run(main)
