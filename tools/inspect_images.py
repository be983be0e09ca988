"""Inspect images with a trained or exported model: ``mminspect inspect MODEL IMAGES --out FOLDER``."""
from mminspect.core import cli
from mminspect.inspection.command import main

#: What goes on where an interrupted run stopped.
AGAIN = 'the same command with --resume'

if __name__ == '__main__':
    cli.run(main, AGAIN)
