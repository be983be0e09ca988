"""Inspect images with a trained or exported model: ``python tools/inspect.py MODEL IMAGES --out FOLDER``.

Python puts the folder of a script first on its search path, so that every library that imports Python's own module
``inspect`` from a script in tools/ finds this file. Imported under that name it therefore puts the real one in its
place, before anything else is imported.
"""
import sys

if __name__ == 'inspect':
    import os.path
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    _here = os.path.realpath(os.path.dirname(__file__))
    _spec = PathFinder.find_spec('inspect', [path for path in sys.path if os.path.realpath(path) != _here])
    sys.modules['inspect'] = module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules['inspect'])
else:
    from mminspect.core import cli
    from mminspect.inspection.command import main

    if __name__ == '__main__':
        cli.run(main, 'the same command with --resume')
