"""The station under load: many clients upload while a camera runs; then it is killed in the middle of uploads.

    python benchmarks/station_load.py [--model MODEL.onnx] [--clients 20] [--seconds 120]

Counts uploads that were lost, duplicated, without a result or with another picture's result; measures the time from
sending a picture to its result, and the memory of server and worker. Without --model the score is the brightness of the
picture, which costs next to nothing, so that the station itself is measured. Clients and station share the machine.
"""
from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx

from common import ROOT, save
from mminspect.decisions import HOLDOUT, Calibration, MapScale, NormalScores, Threshold
from mminspect.inspection.backends.metadata import describe
from mminspect.inspection.spec import NetworkSpec
from station_client import Clients, Station, Viewer

WORK = ROOT / 'work_dirs' / 'benchmarks' / 'station_load'
SIDE = 256
#: Pictures of the size of a small camera, each with a spot of its own brightness; frames a second of the live stream.
SHAPE, LEVELS, RATE = (480, 640), range(100, 228, 4), 10
#: Seconds between two looks at the memory; share of the time after which it should not grow any more.
LOOK, WARM = 1.0, 0.25


def write_model(path: Path) -> Path:
    """Map = brightness, 0..1; score = its largest value."""
    nodes = [onnx.helper.make_node('ReduceMean', ['images'], ['mean'], axes=[3], keepdims=0),
             onnx.helper.make_node('Div', ['mean', 'white'], ['anomaly_map']),
             onnx.helper.make_node('ReduceMax', ['anomaly_map'], ['pred_score'], axes=[1, 2], keepdims=0)]
    values = {name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in (
        ('images', ['n', SIDE, SIDE, 3]), ('anomaly_map', ['n', SIDE, SIDE]), ('pred_score', ['n']))}
    white = onnx.helper.make_tensor('white', onnx.TensorProto.FLOAT, [], [255.0])
    graph = onnx.helper.make_graph(nodes, 'brightness', [values['images']],
                                   [values['anomaly_map'], values['pred_score']], [white])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid('', 17)], ir_version=8)
    limits = Calibration(Threshold(0.7, HOLDOUT, 100, 'quantile 0.995'), MapScale(0.2, 0.7), (),
                         NormalScores(np.linspace(0.3, 0.7, 100), HOLDOUT))
    describe(model, NetworkSpec('brightness', 'anomaly', ('defect', ), '0123456789abcdef', (SIDE, SIDE), False,
                                calibration=limits.state()))
    onnx.save(model, path)
    return path


def draw(level: int) -> np.ndarray:
    """Grey noise with a spot, (H, W, 3)."""
    picture = np.random.default_rng(level).integers(40, 80, (*SHAPE, 3), dtype=np.uint8)
    cv2.circle(picture, (SHAPE[1] // 2, SHAPE[0] // 2), 60, (level, level, level), -1)
    return picture


def write_video(path: Path) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), RATE, SHAPE[::-1])
    for level in LEVELS:
        writer.write(draw(level))
    writer.release()
    return path


def under_load(station: Station, pictures: dict[str, bytes], clients: int, seconds: float) -> dict[str, Any]:
    viewer, resident = Viewer(station), []
    uploading = Clients(station.port, pictures, clients, 60, 'load')
    begin = time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds:
        time.sleep(LOOK)
        resident.append(dict(seconds=round(spent), **station.memory()))
    uploading.stop()
    spent = time.perf_counter() - begin
    viewer.close()
    station.finish()
    times = sorted(uploading.seconds)
    return dict(uploads=len(times), uploads_per_second=len(times) / spent, **judge(station, uploading),
                refused={str(status): count for status, count in uploading.refused.items()},
                seconds_to_result=dict(p50=statistics.median(times), p95=times[int(0.95 * len(times))], max=times[-1]),
                live=dict(frames_shown_per_second=viewer.frames / spent, inspected=viewer.messages['detection']),
                resident_mib=summary(resident))


def judge(station: Station, *groups: Clients) -> dict[str, int]:
    """What became of the uploads that were acknowledged."""
    records = {record['id']: record for record in station.uploads()}
    acknowledged = {name: record for group in groups for name, record in group.acknowledged.items()}
    names, scores = Counter(record['name'] for record in records.values()), defaultdict(list)
    for record in records.values():
        if record['score'] is not None:
            scores[record['name'].split('-')[-1]].append(record['score'])
    usual = {picture: statistics.median(values) for picture, values in scores.items()}
    return dict(
        lost=sum(record not in records or records[record]['name'] != name for name, record in acknowledged.items()),
        duplicated=sum(count - 1 for count in names.values()) + len(acknowledged) - len(set(acknowledged.values())),
        without_result=sum(record['state'] != 'done' for record in records.values()),
        wrong_score=sum(abs(score - usual[picture]) > 1e-3 for picture, values in scores.items() for score in values),
        different_scores=len({round(score, 3) for score in usual.values()}))


def summary(resident: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Of each process: at the start, when it is warm, at the end, and at most."""
    warm = resident[int(WARM * len(resident))]
    return {name: dict(start=resident[0][name], warm=warm[name], end=resident[-1][name],
                       most=max(look[name] for look in resident), growth_when_warm=resident[-1][name] - warm[name])
            for name in ('server', 'worker')}


def killed(data: Path, model: Path, source: str, pictures: dict[str, bytes], clients: int,
           seconds: float) -> dict[str, Any]:
    """SIGKILL while everybody uploads, and a new start."""
    with Station(data, model, source) as station:
        uploading = Clients(station.port, pictures, clients, 0, 'kill')  # acknowledged at once, inspected later
        time.sleep(seconds)
        waiting = station.get('/api/status')['waiting']
        station.kill()
        uploading.stop()
    with Station(data, model, source) as station:
        recovery = station.finish()
        return dict(acknowledged=len(uploading.acknowledged), waiting_when_killed=waiting,
                    seconds_to_start=station.seconds, seconds_to_all_results=recovery, **judge(station, uploading))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--model', type=Path, help='exported model (default: one whose score is the brightness)')
    parser.add_argument('--clients', type=int, default=20)
    parser.add_argument('--seconds', type=float, default=120)
    args = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    model, source = args.model or write_model(WORK / 'model.onnx'), f'video:{write_video(WORK / "line.avi")}'
    pictures = {f'{level}.png': cv2.imencode('.png', draw(level))[1].tobytes() for level in LEVELS}
    with Station(WORK / 'data', model, source) as station:
        start = station.seconds
        load = under_load(station, pictures, args.clients, args.seconds)
    print('load', load)
    kill = killed(WORK / 'data', model, source, pictures, args.clients, min(10.0, args.seconds))
    print('kill', kill)
    shutil.rmtree(WORK)
    save('station_load', clients=args.clients, seconds=args.seconds, model=model.name, picture=[*SHAPE, 3],
         kilobytes=round(statistics.mean(map(len, pictures.values())) / 1000), live_rate=RATE, seconds_to_start=start,
         load=load, kill=kill, command='python benchmarks/station_load.py')


if __name__ == '__main__':
    main()
