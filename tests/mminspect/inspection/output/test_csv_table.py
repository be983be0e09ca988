"""The table, read back by Python's csv."""
import csv
import json
import os

import pytest

from inspection_helpers import Corners, anomaly_inspector, bright
from mminspect.core.csv_cells import safe_cell
from mminspect.inspection.inspector import Inspector
from mminspect.inspection.output.csv_table import COLUMNS, write_table


def rows(path):
    with open(path, newline='', encoding='utf-8') as handle:
        return list(csv.DictReader(handle))


def test_rows_are_the_results(tmp_path):
    inspector = anomaly_inspector()
    results = list(inspector.many([bright(80, 250), bright(80)], names=['a, "b"\nc.png', os.fsdecode(b'\xff.png')]))
    write_table(tmp_path / 'r.csv', (result.as_dict() for result in results))
    first, second = rows(tmp_path / 'r.csv')
    assert tuple(first) == COLUMNS
    assert first['image'] == 'a, "b"\nc.png' and second['image'] == r'\udcff.png'
    assert float(first['score']) == results[0].score and float(first['threshold']) == 0.6
    assert (first['is_defect'], second['is_defect']) == ('True', 'False')
    assert (first['boxes'], second['boxes']) == ('1', '0')
    assert (first['height'], first['width'], first['model'], first['runtime']) == ('64', '96', 'bright', 'pytorch')
    assert float(first['milliseconds']) == pytest.approx(sum(results[0].milliseconds.values()), abs=0.01)


def test_bytes_that_are_no_text_are_escaped_as_in_the_lines(tmp_path):
    """A strict reader loses the whole table to one byte; json.dumps is the reference for the escape."""
    names = [os.fsdecode(name) for name in (b'\xff.png', b'a\xe4\x80/\xc3\xa4.png', b'=\xfe.png', '划痕.png'.encode())]
    write_table(tmp_path / 'r.csv', (anomaly_inspector()(bright(), name).as_dict() for name in names))
    found = [row['image'] for row in rows(tmp_path / 'r.csv')]
    assert found == [r'\udcff.png', r'a\udce4\udc80/ä.png', r"'=\udcfe.png", '划痕.png']
    assert json.dumps(names[0]) == f'"{found[0]}"'


def test_boxes_of_a_detector_are_those_above_the_threshold(tmp_path):
    image = bright(0)
    image[:32, :60] = 255
    image[32:, :60] = 64
    inspector = Inspector(Corners())
    result = inspector(image)
    assert len(result.detections.scores) == 2
    inspector.threshold = None
    write_table(tmp_path / 'r.csv', [result.as_dict(), inspector(image).as_dict()])
    decided, undecided = rows(tmp_path / 'r.csv')
    assert (decided['boxes'], decided['is_defect']) == ('1', 'True')
    assert (undecided['boxes'], undecided['is_defect'], undecided['threshold']) == ('2', '', '')


def test_a_failure_leaves_the_earlier_table(tmp_path):
    write_table(tmp_path / 'r.csv', [])
    before = (tmp_path / 'r.csv').read_bytes()

    def broken():
        yield anomaly_inspector()(bright()).as_dict()
        raise OSError('no space')
    with pytest.raises(OSError):
        write_table(tmp_path / 'r.csv', broken())
    assert (tmp_path / 'r.csv').read_bytes() == before and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize('name', ['=1+2.png', '@eaDir/a.png', '-1.png', 'a;=1.png'])
def test_names_that_spreadsheets_would_run(tmp_path, name):
    """As the station's table has it; the lines of JSON keep the name as it is."""
    write_table(tmp_path / 'r.csv', [anomaly_inspector()(bright(), name).as_dict()])
    assert rows(tmp_path / 'r.csv')[0]['image'] == safe_cell(name) != name
    assert float(rows(tmp_path / 'r.csv')[0]['score']) > 0
