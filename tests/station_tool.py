"""tools/station.py as a process."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import helpers
from station_site import Client, eventually


class Tool:
    """A run of the tool.

    Args:
        data: The data folder; the tool runs in the folder that holds it.
        arguments: Further ones of the command line.
        environment: Variables beside those of this process, of which no setting of the station is handed on.
    """

    def __init__(self, data: Path, *arguments: Any, **environment: str) -> None:
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith('STATION_') and name != 'DJANGO_SETTINGS_MODULE'}
        command = [sys.executable, '-W', 'ignore', helpers.ROOT / 'tools/station.py', '--data', data, *arguments]
        self.process = subprocess.Popen([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env={**clean, **environment}, cwd=data.parent)

    def port(self) -> int:
        """When it serves."""
        line = self.process.stdout.readline()
        found = re.search(r'http://localhost:(\d+)/', line)
        assert found, line + self.process.stderr.read()
        port = int(found[1])
        eventually(lambda: _answers(port), 30)
        return port

    def end(self) -> tuple[int, str, str]:
        """Its status, and what it has said to stdout and stderr."""
        out, error = self.process.communicate(timeout=30)
        return self.process.returncode, out, error


def _answers(port: int) -> bool:
    try:
        return Client(port).get('/api/status').status in (200, 401)
    except OSError:
        return False
