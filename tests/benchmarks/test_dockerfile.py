"""A Dockerfile without Docker: how it is read, and that small ones do what Docker would."""
import subprocess
import sys

import pytest

import dockerfile
from dockerfile import Stand
from helpers import ROOT
from mminspect.core.errors import UserError

OWN = f'{sys.version_info.major}.{sys.version_info.minor}'
SMALL = f"""# a remark
FROM python:{OWN}-slim
ARG WHO="nobody"
ENV GREETING="hello ${{WHO}}" SECOND=2

RUN useradd --create-home someone && install -d /data
WORKDIR /opt/app
COPY kept kept
COPY one.txt two.txt ./
RUN echo "$GREETING" > said.txt \\
    # a remark between
 && python -c 'import sys; print(sys.prefix)' > prefix.txt
USER someone
WORKDIR /data
VOLUME /data
RUN pwd > /data/where.txt
HEALTHCHECK --interval=30s CMD ["python", "-c", "print('/data/token')"]
ENTRYPOINT ["python", "-c"]
CMD ["import os, sys; print(os.getcwd(), sys.argv[1:])", "--data", "/data", "/database"]
"""


@pytest.fixture
def stand(tmp_path):
    source = tmp_path / 'source'
    for name in ('kept/a.py', 'kept/__pycache__/a.pyc', 'kept/deep/b.py', 'kept/left.log', 'one.txt', 'two.txt'):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    (source / '.dockerignore').write_text('*\n!kept\n!one.txt\n!two.txt\n**/__pycache__\n**/*.log\n')
    return Stand(tmp_path / 'image', source)


def run(text, stand, **arguments):
    dockerfile.run(dockerfile.parse(text), stand, {OWN: sys.executable}, arguments, echo=lambda line: None)


def test_instructions_are_read_with_their_lines():
    found = dockerfile.parse('# x\nFROM a\n\nRUN one \\\n  # remark\n  && two\nCMD ["a", "b"]\n')
    assert [(one.line, one.name, one.text) for one in found] == [
        (2, 'FROM', 'a'), (4, 'RUN', 'one && two'), (7, 'CMD', '["a", "b"]')]
    assert dockerfile.words(found[2].text) == ['a', 'b'] == dockerfile.words('a b')


@pytest.mark.parametrize(('text', 'message'), [
    ('FROM a\nONBUILD RUN x\n', r"line 2 of the Dockerfile: 'ONBUILD' is none of"), ('RUN x\n', 'no FROM'),
    ('FROM a\nRUN x \\\n', 'line 2 of the Dockerfile goes on')])
def test_what_is_wrong_is_said(text, message):
    with pytest.raises(UserError, match=message):
        dockerfile.parse(text)


@pytest.mark.parametrize(('image', 'version'), [('python:3.11-slim', '3.11'), ('python:3.12.4', '3.12'),
                                                ('debian:12', None), ('python:latest', None)])
def test_the_python_of_an_image(image, version):
    if version is None:
        with pytest.raises(UserError, match='stood in'):
            dockerfile.python_of(image)
    else:
        assert dockerfile.python_of(image) == version


def test_a_small_one_is_carried_out(stand):
    run(SMALL, stand, WHO='mira', STRANGER='x')
    app = stand.root / 'opt' / 'app'
    assert (app / 'said.txt').read_text() == 'hello mira\n' and 'STRANGER' not in stand.variables
    assert (app / 'prefix.txt').read_text().strip() == str(stand.root / 'venv')
    assert (stand.root / 'data' / 'where.txt').read_text().strip() == str(stand.root / 'data')
    assert sorted(path.relative_to(app).as_posix() for path in app.rglob('*') if path.is_file()) == [
        'kept/a.py', 'kept/deep/b.py', 'one.txt', 'prefix.txt', 'said.txt', 'two.txt']
    assert [line.split(':')[0] for line in stand.not_run] == [
        'RUN useradd --create-home someone && install -d /data', 'USER someone']
    command, variables, folder = dockerfile.process(stand, stand.entrypoint + stand.command)
    said = subprocess.run(command, env=variables, cwd=folder, text=True, capture_output=True, check=True).stdout
    assert said == f"{stand.root}/data ['--data', '{stand.root}/data', '/database']\n"
    assert dockerfile.process(stand, stand.health)[0][-1] == f"print('{stand.root}/data/token')"


def test_a_failed_step_says_which_and_why(stand):
    with pytest.raises(UserError, match=r'(?s)line 2 of the Dockerfile \(RUN echo reason.*failed: reason'):
        run(f'FROM python:{OWN}\nRUN echo reason; exit 3\n', stand)
    with pytest.raises(UserError, match=r'COPY README\.md: there is no such file, or \.dockerignore keeps it out'):
        run(f'FROM python:{OWN}\nCOPY README.md .\n', stand)
    with pytest.raises(UserError, match=r'needs Python 2\.7'):
        run('FROM python:2.7\n', stand)


def test_this_projects_own_takes_nothing_from_outside_of_the_checkout():
    """All that setup.py reads is copied, nobody is root at the end, and versions are the pinned ones."""
    found = dockerfile.parse((ROOT / 'Dockerfile').read_text())
    out = dockerfile.ignored(ROOT)
    for one in found:
        for source in one.text.split()[:-1] if one.name == 'COPY' else ():
            assert (ROOT / source).exists() and not out(source if (ROOT / source).is_file() else f'{source}/x.py')
    left_out = ('.git/config', '.venv/bin/python', 'work_dirs/a.pth', 'projects/a/__pycache__/b.pyc')
    assert all(out(name) for name in left_out)
    copied = ' '.join(one.text for one in found if one.name == 'COPY')
    needed = ('requirements', 'projects', 'configs', 'tools', 'model-index.yml', 'README.md')
    assert all(name in copied for name in needed)
    installs = [one.text for one in found if one.name == 'RUN' and 'pip install' in one.text]
    assert all('constraints.txt' in text or '--no-deps --no-build-isolation .' in text for text in installs)
    assert [one.name for one in found].index('USER') > max(
        number for number, one in enumerate(found) if one.name in ('RUN', 'COPY'))
    assert {'HEALTHCHECK', 'ENTRYPOINT', 'CMD', 'VOLUME'} <= {one.name for one in found}
