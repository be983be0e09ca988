"""Package metadata. Each folder under projects/ is an import package of the same name; configs and tools come along."""
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
#: Pythons that are tested; newer ones are allowed, and untested.
TESTED = ('3.11', '3.12', '3.13')
METHODS = ('fdrd', 'anomaly_rd')
PROJECTS = ('mminspect', 'mmcv_fallback', *METHODS)
#: What is no module and travels all the same: into mminspect/.mim, where OpenMMLab's packages carry such things.
CARRIED = ('configs', 'tools', 'model-index.yml')
#: Tools that have a meaning in a checkout alone.
LEFT_OUT = shutil.ignore_patterns('__pycache__', 'bootstrap.py', 'constraints.py', 'install_browser.sh', 'docs')


def requirements(name: str) -> list[str]:
    """Requirement lines of requirements/<name>.txt without comments and includes."""
    lines = (line.strip() for line in (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines())
    return [line for line in lines if line and not line.startswith(('#', '-'))]


def classifiers() -> list[str]:
    """What the package index shows: the Pythons that are tested, and where."""
    return ['Programming Language :: Python :: 3',
            *(f'Programming Language :: Python :: {version}' for version in TESTED),
            'Operating System :: POSIX :: Linux', 'Intended Audience :: Manufacturing',
            'Intended Audience :: Science/Research', 'Topic :: Scientific/Engineering :: Image Recognition',
            'Framework :: Django :: 5.2']


def packages() -> list[str]:
    """The import packages with all their subpackages."""
    return [p for p in find_packages('projects') if p.split('.')[0] in PROJECTS]


class BuildWithConfigs(build_py):
    """Puts :data:`CARRIED` into the wheel. An editable installation finds them at the root of the checkout."""

    def run(self) -> None:
        """Modules first."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, 'mminspect', '.mim')
        shutil.rmtree(target, ignore_errors=True)  # of an earlier build
        for name in CARRIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target / name, ignore=LEFT_OUT)
            else:
                shutil.copy2(ROOT / name, target / name)


setup(
    name='mminspect',
    version='0.2.0',
    description='Industrial inspection by knowledge distillation: a plugin of OpenMMLab',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.11',
    classifiers=classifiers(),
    package_dir={'': 'projects'},
    packages=packages(),
    package_data={'mminspect': ['station/templates/*.html', 'station/static/*']},
    cmdclass={'build_py': BuildWithConfigs},
    entry_points={'console_scripts': ['mminspect = mminspect.command:main'],
                  'mminspect.methods': [f'{name} = {name}' for name in METHODS]},
    install_requires=requirements('runtime'),
    extras_require={name: requirements(name) for name in ('tests', 'deploy', 'docs', 'web', 'timm', 'teacher')},
)
