import os
import random
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import mmengine.logging.history_buffer as history
import mmengine.runner.checkpoint
import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors.torch import save_file
from torch import nn

from mminspect.core.errors import UserError
from mminspect.models.digests import sha256
from mminspect.models.safe_loading import download, load_from_local

WEIGHTS = dict(w=torch.arange(600.0).reshape(20, 30), b=torch.tensor([1, 2, 3]))


def as_zip(path: Path) -> None:
    torch.save(dict(state_dict=WEIGHTS), path)


def as_legacy(path: Path) -> None:
    torch.save(dict(state_dict=WEIGHTS), path, _use_new_zipfile_serialization=False)


def as_safetensors(path: Path) -> None:
    save_file(WEIGHTS, path)


FORMATS = [(as_zip, '.pth'), (as_legacy, '.pth'), (as_safetensors, '.safetensors')]


class Evil:
    """What a malicious checkpoint holds: a call that unpickling makes."""

    def __init__(self, call: Callable, *arguments) -> None:
        self.reduced = call, arguments

    def __reduce__(self):
        return self.reduced


def with_pickle(path: Path, program: bytes) -> Path:
    """A checkpoint in torch's zip format with ``program`` as its pickle."""
    as_zip(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in members.items():
            archive.writestr(name, program if name.endswith('data.pkl') else data)
    return path


@pytest.mark.parametrize(('write', 'suffix'), FORMATS)
def test_weights_come_back(write: Callable, suffix: str, tmp_path: Path) -> None:
    write(tmp_path / f'a{suffix}')
    loaded = load_from_local(str(tmp_path / f'a{suffix}'), map_location='cpu')['state_dict']
    assert loaded.keys() == WEIGHTS.keys()
    assert all(torch.equal(v, WEIGHTS[k]) for k, v in loaded.items())


def test_everything_that_mmengine_saves_comes_back(tmp_path: Path) -> None:
    buffer = HistoryBuffer([1.0, 2.0, 6.0], [1, 1, 1])
    model, scalars = nn.Linear(2, 3), [np.float64(1.5), np.float32(2), np.int64(3), np.int32(4), np.bool_(True)]
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    torch.save(dict(state_dict=model.state_dict(), optimizer=optimizer.state_dict(),
                    meta=dict(epoch=3, dataset_meta=dict(classes=('a', ), palette=[(1, 2, 3)]), seed=0),
                    message_hub=dict(log_scalars={'train/loss': buffer}, runtime_info=dict(numbers=scalars)),
                    random=np.random.RandomState(0).get_state()), tmp_path / 'epoch_3.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'epoch_3.pth'), map_location='cpu')
    restored = loaded['message_hub']['log_scalars']['train/loss']
    assert [restored.statistics(name) for name in ('min', 'max', 'current', 'mean')] == [1, 6, 6, 3]
    assert loaded['message_hub']['runtime_info']['numbers'] == scalars
    assert loaded['meta']['dataset_meta'] == dict(classes=('a', ), palette=[(1, 2, 3)])
    assert np.array_equal(loaded['random'][1], np.random.RandomState(0).get_state()[1])
    assert torch.equal(loaded['optimizer']['state'][0]['exp_avg'], optimizer.state_dict()['state'][0]['exp_avg'])


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('load', [load_from_local, CheckpointLoader.load_checkpoint,
                                  lambda path: load_checkpoint(nn.Linear(1, 1), path)])
def test_code_in_a_checkpoint_is_refused_and_not_run(load: Callable, legacy: bool, tmp_path: Path) -> None:
    marker, file = tmp_path / 'it ran', tmp_path / 'evil.pth'
    for call, arguments in ((os.mkdir, (str(marker), )), (eval, (f'open({str(marker)!r}, "w")', ))):
        torch.save(dict(state_dict=WEIGHTS, extra=Evil(call, *arguments)), file,
                   _use_new_zipfile_serialization=not legacy)
        with pytest.raises(UserError, match='holds Python objects besides weights'):
            load(str(file))
        assert not marker.exists()


def getattr_call(owner: bytes, name: str) -> bytes:
    text = name.encode()
    return b'c__builtin__\ngetattr\n' + owner + b'X' + struct.pack('<I', len(text)) + text + b'\x86R'


BUFFER = b'cmmengine.logging.history_buffer\nHistoryBuffer\n'


def test_checkpoint_cannot_reach_into_the_process(tmp_path: Path) -> None:
    """getattr, which loss histories need, would give a file the globals of a module, to be overwritten."""
    module = getattr_call(getattr_call(BUFFER, 'mean'), '__globals__')
    program = b'\x80\x02' + module + b'X\x02\x00\x00\x00npX\x05\x00\x00\x00ownedsX\x01\x00\x00\x00x\x86.'
    with pytest.raises(UserError, match='holds Python objects'):
        load_from_local(str(with_pickle(tmp_path / 'evil.pth', program)))
    assert history.np is np


@pytest.mark.parametrize('name', ['__init__', '__class__', '_set_default_statistics', 'register_statistics'])
def test_of_a_loss_history_only_the_statistics_are_handed_out(name: str, tmp_path: Path) -> None:
    file = with_pickle(tmp_path / 'evil.pth', b'\x80\x02}X\x01\x00\x00\x00a' + getattr_call(BUFFER, name) + b's.')
    with pytest.raises(UserError, match='holds Python objects'):
        load_from_local(str(file))
    fine = with_pickle(tmp_path / 'fine.pth', b'\x80\x02}X\x01\x00\x00\x00a' + getattr_call(BUFFER, 'mean') + b's.')
    assert load_from_local(str(fine)) == dict(a=HistoryBuffer.mean)


@pytest.mark.parametrize(('write', 'suffix'), FORMATS)
def test_truncated_files_are_named(write: Callable, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f'a{suffix}'
    write(file)
    data = file.read_bytes()
    for length in sorted({0, 1, 10, *np.linspace(2, len(data) - 1, 60, dtype=int).tolist()}):
        file.write_bytes(data[:length])
        # a name that is cut short in the old format is the name of an unknown object
        also = '|Python objects' if write is as_legacy else ''
        with pytest.raises(UserError, match=f'damaged or cut short|is not a checkpoint{also}') as error:
            load_from_local(str(file))
        assert str(file) in str(error.value) and '\n' not in str(error.value)


@pytest.mark.parametrize(('write', 'suffix'), FORMATS)
def test_damaged_bytes_give_a_sentence_or_weights(write: Callable, suffix: str, tmp_path: Path) -> None:
    file, draw = tmp_path / f'a{suffix}', random.Random(0)
    write(file)
    data, refused = file.read_bytes(), 0
    for _ in range(80):
        damaged = bytearray(data)
        for _ in range(3):
            damaged[draw.randrange(500)] = draw.randrange(256)
        file.write_bytes(damaged)
        try:
            assert isinstance(load_from_local(str(file)), dict)
        except UserError:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize('data', [b'', b'hello world\n', b'<html></html>', b'\x80\x04\x95\n\x00\x00',
                                  b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'])
def test_files_that_are_no_checkpoints(data: bytes, tmp_path: Path) -> None:
    (tmp_path / 'a.pth').write_bytes(data)
    with pytest.raises(UserError, match=r'is not a checkpoint|damaged or cut short'):
        load_from_local(str(tmp_path / 'a.pth'))


@pytest.mark.parametrize('data', [b'hello world, this is a text\n', b'<html></html>', b'import torch\n', b'{"a": 1}   ',
                                  b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'])
@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_a_text_is_not_said_to_be_damaged(data: bytes, suffix: str, tmp_path: Path) -> None:
    (tmp_path / f'a{suffix}').write_bytes(data)
    with pytest.raises(UserError, match=r'is not a checkpoint: name a \.pth or \.safetensors file'):
        load_from_local(str(tmp_path / f'a{suffix}'))


def test_file_without_names_is_refused(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / 'a.pth')
    with pytest.raises(UserError, match='holds a Tensor instead of named weights'):
        load_from_local(str(tmp_path / 'a.pth'))


def test_missing_file_is_named_and_home_is_expanded(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv('HOME', str(tmp_path))
    with pytest.raises(UserError, match=r'checkpoint ~/a\.pth does not exist'):
        load_from_local('~/a.pth')
    as_zip(tmp_path / 'a.pth')
    assert load_from_local('~/a.pth').keys() == {'state_dict'}
    with pytest.raises(UserError, match='is a folder: name a file in it'):
        load_from_local(str(tmp_path))


def test_map_location_is_passed_on(tmp_path: Path) -> None:
    as_zip(tmp_path / 'a.pth')
    assert load_from_local(str(tmp_path / 'a.pth'), map_location='meta')['state_dict']['w'].device.type == 'meta'


@pytest.mark.parametrize('error', [PermissionError(13, 'denied'), MemoryError(), torch.OutOfMemoryError('full')])
def test_errors_that_say_nothing_of_the_file_pass(error: Exception, tmp_path: Path, monkeypatch) -> None:
    def fail(*_, **__) -> None:
        raise error

    as_zip(tmp_path / 'a.pth')
    monkeypatch.setattr(torch, 'load', fail)
    with pytest.raises(type(error)):
        load_from_local(str(tmp_path / 'a.pth'))


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which a server of this test offers it."""
    folder = tmp_path / 'served'
    folder.mkdir()
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f'http://127.0.0.1:{server.server_port}'
        server.shutdown()
        thread.join()


def test_download_is_loaded_checked_and_kept(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = served
    as_zip(folder / 'plain.pth')
    digest = sha256(folder / 'plain.pth')[:8]
    (folder / f'net-{digest}.pth').write_bytes((folder / 'plain.pth').read_bytes())
    for name in ('plain.pth', f'net-{digest}.pth'):
        loaded = CheckpointLoader.load_checkpoint(f'{address}/{name}', map_location='cpu')
        assert torch.equal(loaded['state_dict']['w'], WEIGHTS['w'])
        (folder / name).unlink()  # the second time comes from the cache
        assert torch.equal(download(f'{address}/{name}')['state_dict']['b'], WEIGHTS['b'])


def test_download_with_another_hash_is_refused_and_not_kept(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = served
    as_zip(folder / 'net-0123abcd.pth')
    for _ in range(2):
        with pytest.raises(UserError, match='is not the file its name promises'):
            CheckpointLoader.load_checkpoint(f'{address}/net-0123abcd.pth')
    assert not list((tmp_path / 'cache').rglob('*.pth'))


def test_code_in_a_download_is_refused_and_not_run(served: tuple[Path, str], tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    folder, address = served
    torch.save(dict(extra=Evil(os.mkdir, str(tmp_path / 'it ran'))), folder / 'evil.pth')
    monkeypatch.setattr(mmengine.runner.checkpoint, 'get_torchvision_models', lambda: dict(net=f'{address}/evil.pth'))
    for source in (f'{address}/evil.pth', 'torchvision://net'):
        with pytest.raises(UserError, match='holds Python objects besides weights'):
            CheckpointLoader.load_checkpoint(source)
    with open(folder / 'evil.pth', 'rb') as handle, pytest.raises(UserError, match='Python objects'):
        mmengine.runner.checkpoint._safe_torch_load(handle)  # what the object stores call
    assert not (tmp_path / 'it ran').exists()


def test_weights_that_are_a_text(tmp_path: Path) -> None:
    torch.save(dict(state_dict='weights'), tmp_path / 'a.pth')
    with pytest.raises(UserError, match='holds a str as state_dict'):
        load_from_local(str(tmp_path / 'a.pth'))


def test_bytes_that_rotted_in_the_middle_are_noticed(tmp_path: Path) -> None:
    """torch itself loads such a file: its archive's checksums are not compared."""
    file = tmp_path / 'a.pth'
    torch.save(dict(state_dict=dict(w=torch.arange(4000.0))), file)
    whole = bytearray(file.read_bytes())
    middle = whole.index(torch.arange(1000.0, 1010.0).numpy().tobytes())
    whole[middle:middle + 8] = bytes(reversed(whole[middle:middle + 8]))
    file.write_bytes(whole)
    assert 'state_dict' in torch.load(file, weights_only=True)
    with pytest.raises(UserError, match=r'is damaged or cut short \(BadZipFile\)'):
        load_from_local(str(file))


@pytest.mark.parametrize(('write', 'suffix'), FORMATS)
@pytest.mark.parametrize('value', [float('nan'), float('inf'), 1e30])
def test_weights_that_cannot_be_are_damage(write: Callable, suffix: str, value: float, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """Formats without a checksum may rot unseen; a bit of an exponent is seen."""
    weights = dict(WEIGHTS, w=WEIGHTS['w'].clone())
    weights['w'][3, 4] = value
    monkeypatch.setitem(globals(), 'WEIGHTS', weights)
    write(tmp_path / f'a{suffix}')
    with pytest.raises(UserError, match=rf'a{suffix} is damaged, or of a training that has diverged: 1 .*first: w\)'):
        load_from_local(str(tmp_path / f'a{suffix}'))
