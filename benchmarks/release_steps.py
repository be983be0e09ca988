"""What is tried before a release and is too long for every commit: one function a step.

A step is registered under the name of its function, gets :class:`Settings` and returns what it found, as JSON.
"""
from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dockerfile
from common import ROOT
from environments import Environment, NotRun, clean_variables, environment, install, interpreter, run_tests
from mminspect.core.errors import UserError

#: Parts of the suite that other interpreters and other versions of torch run; `make test` runs all of it with the
#: default ones. Operators, files, every anomaly model's contract, detectors, losses, export, the models of version 0.1.
SUBSET = ('tests/mmcv_fallback', 'tests/mminspect/core', 'tests/test_contract.py', 'tests/fdrd/detectors',
          'tests/fdrd/losses', 'tests/mminspect/inspection/export', 'tests/legacy', 'tests/tools/test_bootstrap.py',
          'tests/tools/test_constraints.py')
DEFAULT_PYTHON = '3.11'
OLDEST_TORCH = dict(torch='2.6.0', torchvision='0.21.0')
#: A model of version 0.1 with what it has to answer.
MODEL, ARCHIVE = 'anomaly.onnx', ROOT / 'tests' / 'legacy' / 'version_0_1.zip'


@dataclass(frozen=True)
class Settings:
    """Of a run.

    Attributes:
        pythons: Interpreters to look among before the path.
        work: Folder for environments, several GB.
        workers: Processes of the tests.
        before: Words before the command that runs the tests, such as ``nice -n 10``.
        keep: Whether environments stay.
        pip_options: Words for pip in the Dockerfile.
    """

    pythons: tuple[Path, ...]
    work: Path
    workers: int = 1
    before: tuple[str, ...] = ()
    keep: bool = False
    pip_options: str = ''


#: name -> (title, function), in the order in which they run.
STEPS: dict[str, tuple[str, Callable[[Settings], dict[str, Any]]]] = {}


def step(title: str) -> Callable[[Callable], Callable]:
    """Register a function as a step."""
    def register(function: Callable[[Settings], dict[str, Any]]) -> Callable[[Settings], dict[str, Any]]:
        STEPS[function.__name__] = (title, function)
        return function
    return register


def tried(settings: Settings, name: str, python: str, torch: dict[str, str] | None = None) -> dict[str, Any]:
    """Install with an interpreter and run :data:`SUBSET`."""
    with environment(settings.work / name, interpreter(python, settings.pythons), settings.keep) as made:
        start = time.monotonic()
        install(made, torch)
        return dict(made.versions(), install_seconds=round(time.monotonic() - start), megabytes=made.megabytes(),
                    **run_tests(made, SUBSET, settings.workers, settings.before), tests=list(SUBSET))


@step('Python 3.12, pinned versions')
def python_3_12(settings: Settings) -> dict[str, Any]:
    return tried(settings, 'python_3_12', '3.12')


@step('Python 3.13, pinned versions')
def python_3_13(settings: Settings) -> dict[str, Any]:
    return tried(settings, 'python_3_13', '3.13')


@step('oldest torch')
def oldest_torch(settings: Settings) -> dict[str, Any]:
    return tried(settings, 'oldest_torch', DEFAULT_PYTHON, OLDEST_TORCH)


@step('newest torch')
def newest_torch(settings: Settings) -> dict[str, Any]:
    """The newest that pip finds; nothing is run if that is the pinned one, with which `make test` runs everything."""
    newest = newest_versions(interpreter(DEFAULT_PYTHON, settings.pythons))
    lines = (ROOT / 'requirements' / 'constraints.txt').read_text().splitlines()
    if {f'{name}=={version}' for name, version in newest.items()} <= set(lines):
        return dict(newest, result='not needed', python=DEFAULT_PYTHON,
                    remark='the pinned one: `make test` runs the whole suite with it')
    return tried(settings, 'newest_torch', DEFAULT_PYTHON, newest)


def newest_versions(python: Path) -> dict[str, str]:
    """The newest matched pair of torch and torchvision for an interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, '-m', 'venv', '--without-pip', f'{folder}/venv'], check=True)
        done = subprocess.run(
            [sys.executable, '-m', 'pip', '--python', f'{folder}/venv/bin/python', 'install', '--dry-run', '--quiet',
             '--report', f'{folder}/report.json', 'torch', 'torchvision'], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        if done.returncode:
            raise UserError(f'pip finds no torch: {done.stdout[-600:]}')
        found = {one['metadata']['name']: one['metadata']['version'].split('+')[0]
                 for one in json.loads(Path(folder, 'report.json').read_text())['install']}
    return {name: found[name] for name in OLDEST_TORCH}


@step('pip install . into an empty environment')
def empty_installation(settings: Settings) -> dict[str, Any]:
    """From another folder, without constraints, as somebody does who does not read."""
    with environment(settings.work / 'empty', interpreter(DEFAULT_PYTHON, settings.pythons), settings.keep) as made, \
            tempfile.TemporaryDirectory() as elsewhere:
        start, folder = time.monotonic(), Path(elsewhere)
        source = copied_checkout(folder / 'source')
        made.pip('install', source, cwd=folder)
        installed = round(time.monotonic() - start)
        helps = [timed(made, folder, 'mminspect', '--help') for _ in range(3)]
        made.run('python', '-W', 'ignore', '-c', 'import fdrd, anomaly_rd, mminspect.inspection', cwd=folder)
        made.run('mminspect', 'train', '--help', cwd=folder)
        return dict(made.versions(), install_seconds=installed, megabytes=made.megabytes(),
                    help_seconds=round(sorted(helps)[1], 2))


def copied_checkout(folder: Path) -> Path:
    """The committed and added files of the checkout: pip leaves its build in a folder that it installs from."""
    names = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split('\0')
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def timed(made: Environment, folder: Path, *command: str) -> float:
    """Seconds that a program takes."""
    start = time.monotonic()
    made.run(*command, cwd=folder)
    return time.monotonic() - start


@step('steps of the Dockerfile, in a folder')
def docker_steps(settings: Settings) -> dict[str, Any]:
    """Carry them out, make a user, start the station as the image would, and have a picture inspected."""
    root = settings.work / 'image'
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    stand = dockerfile.Stand(root, ROOT)
    instructions = dockerfile.parse((ROOT / 'Dockerfile').read_text())
    image = dockerfile.python_of(next(one.text for one in instructions if one.name == 'FROM'))
    try:
        start = time.monotonic()
        dockerfile.run(instructions, stand, {image: str(interpreter(image, settings.pythons))},
                       dict(PIP_OPTIONS=settings.pip_options))
        built = round(time.monotonic() - start)
        found = Environment(root / 'venv')
        return dict(found.versions(), install_seconds=built, megabytes=found.megabytes(), not_run=stand.not_run,
                    **served(stand))
    finally:
        if not settings.keep:
            shutil.rmtree(root, ignore_errors=True)


def served(stand: dockerfile.Stand) -> dict[str, Any]:
    """Start the image's command and its check of health, and send a picture.

    Raises:
        UserError: The check of health does not pass, or the score is another than it was.
    """
    data = stand.here('/data')
    with zipfile.ZipFile(ARCHIVE) as archive:
        expected = json.loads(archive.read('answers.json'))[MODEL]
        picture = archive.read(expected['picture'])
        (data / 'model.onnx').write_bytes(archive.read(MODEL))
    command, variables, folder = dockerfile.process(
        stand, [*stand.entrypoint, 'station', '--data', '/data', '--add-user', 'mira'])
    dockerfile.checked(command, 'making a user', variables | dict(STATION_PASSWORD=str(uuid.uuid4())), folder)
    port = str(free_port())
    command, variables, folder = dockerfile.process(
        stand, [port if word == '8000' else word for word in stand.entrypoint + stand.command])
    start = time.monotonic()
    with subprocess.Popen(command, env=variables, cwd=folder, stdout=subprocess.DEVNULL) as station:
        try:
            wait_for_health(stand, port)
            ready = time.monotonic() - start
            score = sent(f'http://127.0.0.1:{port}/api/detect', picture, (data / 'token').read_text())['score']
        finally:
            station.send_signal(signal.SIGTERM)
            status = station.wait(60)
    if abs(score - expected['score']) > 1e-4 or status not in (0, -signal.SIGTERM):
        raise UserError(f'the station gave {score} in place of {expected["score"]}, and ended with {status}')
    return dict(ready_seconds=round(ready, 1), score_as_before=True)


def wait_for_health(stand: dockerfile.Stand, port: str, seconds: float = 120) -> None:
    """Until the image's check of health passes; raises UserError if it does not."""
    command, variables, folder = dockerfile.process(stand, [word.replace('8000', port) for word in stand.health])
    end = time.monotonic() + seconds
    while subprocess.run(command, env=variables, cwd=folder, capture_output=True).returncode:
        if time.monotonic() > end:
            raise UserError(f'the check of health does not pass within {seconds} s')
        time.sleep(1)


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def sent(address: str, picture: bytes, token: str) -> dict[str, Any]:
    """The station's answer to a PNG picture."""
    boundary = uuid.uuid4().hex
    body = (f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="part.png"\r\n'
            'Content-Type: image/png\r\n\r\n').encode() + picture + f'\r\n--{boundary}--\r\n'.encode()
    request = urllib.request.Request(address, body, {
        'Content-Type': f'multipart/form-data; boundary={boundary}', 'Authorization': f'Bearer {token.strip()}'})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@step('notebooks at full size')
def notebooks(settings: Settings) -> dict[str, Any]:
    """Every notebook of docs/notebooks, in a folder of its own, with the environment that runs this program."""
    files = sorted((ROOT / 'docs' / 'notebooks').glob('*.ipynb'))
    if not files:
        raise NotRun('docs/notebooks has none')
    seconds = {}
    for file in files:
        with tempfile.TemporaryDirectory(dir=settings.work) as folder:
            start = time.monotonic()
            run_notebook(file, Path(folder))
            seconds[file.name] = round(time.monotonic() - start)
    return dict(Environment(Path(sys.prefix)).versions(), notebook_seconds=seconds)


def run_notebook(file: Path, folder: Path) -> None:
    """Run all cells of a notebook, whose size is chosen by MMINSPECT_NOTEBOOK; raises UserError if one fails."""
    code = ('import sys, nbformat; from nbclient import NotebookClient; '
            'NotebookClient(nbformat.read(sys.argv[1], as_version=4), timeout=None, kernel_name="python3").execute()')
    path = os.pathsep.join([str(Path(sys.prefix, 'bin')), os.environ['PATH']])
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code, file], cwd=folder, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**clean_variables(), 'MMINSPECT_NOTEBOOK': 'full', 'PATH': path,
                               'PYTHONPATH': str(ROOT / 'projects')})
    if done.returncode:
        raise UserError(f'{file.name} failed: {done.stdout[-1500:]}')
