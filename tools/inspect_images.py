"""Inspect images with a trained or exported model: ``python tools/inspect_images.py MODEL IMAGES --out FOLDER``."""
from mminspect.core import cli
from mminspect.inspection.command import main

if __name__ == '__main__':
    cli.run(main, 'the same command with --resume')
