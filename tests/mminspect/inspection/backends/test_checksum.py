"""The checksum of a file: its graph as protobuf itself would cut it out."""
import hashlib

import onnx
import pytest

from mminspect.inspection.backends.checksum import checksum_of, file_checksum


def test_it_is_sha256_over_description_and_graph(exported) -> None:
    graph = onnx.load(exported).graph.SerializeToString()
    expected = hashlib.sha256('wörds'.encode() + graph).hexdigest()
    assert file_checksum(exported, 'wörds') == expected == checksum_of(graph, 'wörds')


def test_other_fields_are_passed_over(tmp_path) -> None:
    """Of every wire type: numbers of 1, 4, 8 and 10 bytes, text, and unknown ones before and behind."""
    graph = onnx.helper.make_graph([], 'g', [], [])
    model = onnx.helper.make_model(graph, producer_name='x' * 300, model_version=-1, ir_version=8)
    noise = bytes([0x9d, 0x06, 1, 2, 3, 4]) + bytes([0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8])
    for content in (noise + model.SerializeToString(), model.SerializeToString() + noise):
        (tmp_path / 'm').write_bytes(content)
        assert file_checksum(tmp_path / 'm', '') == hashlib.sha256(graph.SerializeToString()).hexdigest()


@pytest.mark.parametrize('content', [b'\x08', b'\x3a\xff\x7f', b'\x3b\x01', b'\xff' * 20, b'\x08\x01', b'\x3d\x01'])
def test_what_is_no_file_of_ours(tmp_path, content) -> None:
    (tmp_path / 'm').write_bytes(content)
    with pytest.raises(ValueError, match=r'ends early|has the kind|holds no graph'):
        file_checksum(tmp_path / 'm', '')
