"""The application in another server than the tool's, as docs/station.md says."""
from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import helpers
from station_model import write_model
from station_site import Client, eventually, png


def test_uvicorn_serves_it(database: None, tmp_path: Path) -> None:
    model = write_model(tmp_path / 'tiny.onnx')
    paths = os.pathsep.join([str(helpers.ROOT / 'projects'), os.environ.get('PYTHONPATH', '')])
    guide = (helpers.ROOT / 'docs/station.md').read_text()
    command = shlex.split(re.search(r'```bash\n(uvicorn mminspect.station.asgi:application --.*)\n```', guide)[1])
    with subprocess.Popen([sys.executable, '-W', 'ignore', '-m', *command, '--port', '0'],
                          stderr=subprocess.PIPE, text=True, cwd=tmp_path,
                          env={**os.environ, 'STATION_MODEL': str(model), 'PYTHONPATH': paths}) as server:
        try:
            lines = iter(server.stderr.readline, '')
            port = next(int(found[1]) for line in lines if (found := re.search(r'running on http://\S+:(\d+)', line)))
            client = Client(port)
            client.get('/')
            eventually(lambda: client.get('/api/status').json['state'] == 'running', 60)
            assert client.send('/api/detect', [('a.png', png(255))]).json['is_defect'] is True
        finally:
            server.send_signal(signal.SIGINT)
