"""``python -m mminspect``: the command where its folder is not on the path, and what torchrun starts."""
from mminspect.command import main

if __name__ == '__main__':
    main()
