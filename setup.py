"""Package metadata. Each folder under projects/ is an import package of the same name."""
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
METHODS = ('fdrd', 'anomaly_rd')
PROJECTS = ('mminspect', 'mmcv_fallback', *METHODS)


def requirements(name: str) -> list[str]:
    """Requirement lines of requirements/<name>.txt without comments and includes."""
    lines = (line.strip() for line in (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines())
    return [line for line in lines if line and not line.startswith(('#', '-'))]


def packages() -> list[str]:
    """The import packages with all their subpackages."""
    return [p for p in find_packages('projects') if p.split('.')[0] in PROJECTS]


setup(
    name='mminspect',
    version='0.2.0',
    description='Industrial inspection by knowledge distillation: a plugin of OpenMMLab',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10,<3.13',
    package_dir={'': 'projects'},
    packages=packages(),
    package_data={'mminspect': ['station/templates/*.html', 'station/static/*']},
    entry_points={'mminspect.methods': [f'{name} = {name}' for name in METHODS]},
    install_requires=requirements('runtime'),
    extras_require={name: requirements(name) for name in ('tests', 'deploy', 'web', 'timm', 'teacher')},
)
