"""Paths below the folder of all images."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from mminspect.survey.places import Places


def test_below_the_nearest_common_folder(tmp_path: Path) -> None:
    places = Places([str(tmp_path / 'a' / 'train' / '1.png'), str(tmp_path / 'a' / 'test' / 'x' / '2.png')])
    assert places.root == str(tmp_path / 'a')
    assert places.shown(str(tmp_path / 'a' / 'test' / 'x' / '2.png')) == 'test/x/2.png'
    assert places.shown('/elsewhere/3.png') == '/elsewhere/3.png'


def test_a_single_folder_leaves_names_and_relative_paths_are_alike(monkeypatch: pytest.MonkeyPatch,
                                                                   tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    places = Places(['data/1.png', str(tmp_path / 'data' / '2.png')])
    assert (places.root, places.shown('data/1.png')) == (str(tmp_path / 'data'), '1.png')


def test_nothing_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Places([]).shown('a/b.png') == 'a/b.png'

    def two_drives(paths: object) -> str:
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, 'commonpath', two_drives)
    assert Places(['c:/a.png', 'd:/b.png']).shown('c:/a.png') == 'c:/a.png'
