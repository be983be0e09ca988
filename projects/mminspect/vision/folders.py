"""The one walk over folders of images: training, test, calibration and inspection take the same files by it.

What is left out is counted by reason, so that no command drops or takes images in silence.
"""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from mminspect.core.errors import UserError

from .images import IMAGE_EXTENSIONS

#: Folders and files that systems and disks leave beside images, in small letters: thumbnails, wastebaskets, archives.
SYSTEM_NAMES = frozenset((
    '@eadir', '@recycle', '#recycle', '#snapshot', '$recycle.bin', 'recycler', 'system volume information', '__macosx',
    'lost+found', '__pycache__', 'thumbs.db', 'ehthumbs.db', 'desktop.ini', 'picasa.ini', 'icon\r', 'found.000'))
#: Folders of masks, in small letters; those of a folder's own name and one of these behind '_' or '-' as well.
MASK_NAMES = ('mask', 'masks', 'ground_truth', 'ground-truth', 'groundtruth', 'gt')
#: Behind the name of an image, that of its mask.
MASK_ENDS = ('_mask', '-mask', '_gt')

HIDDEN, SYSTEM, MASKS, TWICE, NO_FILES = ('hidden', 'in folders of the system', 'masks', 'in folders that were reached '
                                          'before by another link', 'no files (pipes or devices)')
OTHERS, RESULTS = 'of other kinds', 'in folders of results'
#: Names of folders of runs, and of files that only such folders and those of inspections hold.
RUNS, MARKS_OF_RESULTS = 'work_dirs', frozenset(('results.jsonl', 'last_checkpoint'))


@dataclass
class Listing:
    """The images of some folders, and what was left out.

    Attributes:
        images: Paths of the images, sorted by their path below the folder.
        left: Paths that were left out, by reason: files that could be images by their suffix; of :data:`OTHERS` all
            visible files.
    """

    images: list[Path] = field(default_factory=list)
    left: dict[str, list[Path]] = field(default_factory=dict)

    def leave(self, reason: str, path: Path) -> None:
        """Note that a file is left out."""
        self.left.setdefault(reason, []).append(path)

    def add(self, other: Listing) -> Listing:
        """Take over what another listing found; returns this one."""
        self.images += other.images
        for reason, paths in other.left.items():
            self.left.setdefault(reason, []).extend(paths)
        return self

    def told(self, what: str = 'image') -> str | None:
        """One line: how many were taken, and what was left out by reason; None if nothing was left out."""
        return told(len(self.images), self.left, what)


def told(taken: int, left: dict[str, list[Path]], what: str = 'image') -> str | None:
    """As :meth:`Listing.told`, of a number of images."""
    parts = [f'{len(paths)} {reason}{_kinds(paths) if reason == OTHERS else f" (first: {paths[0]})"}'
             for reason, paths in left.items() if paths]
    return f'{taken} {what}{"" if taken == 1 else "s"} taken; left out: {", ".join(parts)}' if parts else None


def _kinds(paths: Iterable[Path]) -> str:
    counts = Counter(path.suffix.lower() or path.name for path in paths).most_common()
    shown = ', '.join(f'{count} {name}' for name, count in counts[:4])
    return f' ({shown}{", ..." if len(counts) > 4 else ""})'


def list_tree(folder: str | Path, extensions: Collection[str] = IMAGE_EXTENSIONS, without: Collection[Path] = (),
              masks: bool = False, deep: bool = True) -> Listing:
    """The images in a folder and in its sub-folders.

    Links to folders are followed, behind all real folders, and each folder is entered once, so that circles of links
    end. A link to nothing counts as an image: whoever reads it tells that it is missing. Upper and lower case of
    suffixes are the same.

    Args:
        folder: Where there is none, nothing is found.
        extensions: Suffixes of what is looked for.
        without: Absolute paths of folders that are left out and not told of, such as those of results.
        masks: Whether masks are what is looked for; otherwise folders of masks, and masks beside their images
            (``000_mask.png`` beside ``000.png``), are left out. So are results of runs and inspections.
        deep: Whether sub-folders are entered; those that are not are not told of.
    """
    root, found = Path(folder), Listing()
    wanted = {f".{extension.lower().lstrip('.')}" for extension in extensions}
    _Walk(root, found, wanted, frozenset(map(os.fspath, without)), masks, deep).enter()
    found.images.sort(key=lambda path: path.relative_to(root).as_posix())
    return found


@dataclass
class _Walk:
    root: Path
    found: Listing
    wanted: Collection[str]
    without: Collection[str]
    masks: bool
    deep: bool
    seen: set[tuple[int, int]] = field(default_factory=set)

    def enter(self) -> None:
        """Real folders first, then those behind links, level by level of links."""
        waiting = [self.root] if self.root.is_dir() else []
        while waiting:
            links: list[Path] = []
            for place in waiting:
                self._folder(place, links)
            waiting = links

    def _folder(self, folder: Path, links: list[Path]) -> None:
        try:
            status = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise UserError(f"folder '{folder}' cannot be read ({error.strerror}): change its rights, or remove it"
                            ) from error
        if (status.st_dev, status.st_ino) in self.seen and status.st_ino:
            for path in self._images_below(folder, deep=False):
                self.found.leave(TWICE, path)
            return
        self.seen.add((status.st_dev, status.st_ino))
        if folder != self.root and (folder.name == RUNS or any(entry.name in MARKS_OF_RESULTS for entry in entries)):
            for path in self._images_below(folder):
                self.found.leave(RESULTS, path)
            return
        folders = [entry for entry in entries if _is_folder(entry)]
        names = {entry.name.casefold() for entry in folders}
        self._files(folder, [entry for entry in entries if not _is_folder(entry)])
        for entry in folders if self.deep else ():
            path = folder / entry.name
            if os.path.abspath(path) in self.without:
                continue
            reason = _reason(entry.name) or (MASKS if not self.masks and is_mask_folder(entry.name, names) else None)
            if reason:
                for image in self._images_below(path):
                    self.found.leave(reason, image)
            elif entry.is_symlink():
                links.append(path)
            else:
                self._folder(path, links)

    def _files(self, folder: Path, entries: Sequence[os.DirEntry]) -> None:
        fitting = [entry for entry in entries if PurePosixPath(entry.name).suffix.lower() in self.wanted]
        stems = {PurePosixPath(entry.name).stem for entry in fitting}
        for entry in entries:
            path, name = folder / entry.name, PurePosixPath(entry.name)
            reason = _reason(entry.name)
            if name.suffix.lower() not in self.wanted:
                if not reason:
                    self.found.leave(OTHERS, path)
            elif reason:
                self.found.leave(reason, path)
            elif _blocks(path):
                self.found.leave(NO_FILES, path)
            elif not self.masks and is_mask_beside(name.stem, stems):
                self.found.leave(MASKS, path)
            else:
                self.found.images.append(path)

    def _images_below(self, folder: Path, deep: bool = True) -> Iterator[Path]:
        """What could be images by their suffix; no links are followed."""
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(folders) if deep else []
            yield from (Path(place, name) for name in sorted(files)
                        if PurePosixPath(name).suffix.lower() in self.wanted)


def list_folders(folder: Path) -> list[Path]:
    """Folders directly in ``folder``, sorted by name, without hidden ones and those of the system; none where there is
    no such folder.
    """
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if path.is_dir() and not _reason(path.name)),
                  key=lambda path: path.name)


def is_mask_folder(name: str, neighbours: Collection[str]) -> bool:
    """Whether a folder is one of masks by its name: 'masks', or 'hole_mask' beside 'hole'.

    Args:
        name: Of the folder.
        neighbours: Names of the folders beside it, in small letters.
    """
    small = name.casefold()
    return small in MASK_NAMES or any(small.endswith((f'_{end}', f'-{end}')) and small[:-len(end) - 1] in neighbours
                                      for end in MASK_NAMES)


def is_mask_beside(stem: str, stems: Collection[str]) -> bool:
    """Whether a file is the mask of one of those beside it by its name: '000_mask' beside '000'."""
    return any(stem.endswith(end) and stem[:-len(end)] in stems for end in MASK_ENDS)


def refuse_folders_of_defects(root: Path, images: Iterable[Path], bad: Collection[str] = (),
                              said_good: bool = False) -> None:
    """Raise UserError if sub-folders of what should be images of good parts tell otherwise by their names.

    Args:
        root: What is said to hold good images.
        images: Images below it.
        bad: Names of folders that hold defects, in addition to :data:`DEFECTS`.
        said_good: Whether ``root`` is called good, so that folders in it of names that say nothing are.
    """
    known = {*DEFECTS, *(name.casefold() for name in bad)}
    parents = dict.fromkeys(path.relative_to(root).parent for path in images)
    for parent in parents:
        for part in parent.parts:
            if part.casefold() in known:
                raise UserError(f"'{root / parent}' holds images among those of good parts and is called {part!r}: "
                                'move it elsewhere, or rename it if its parts are good')
    tops = {parent.parts[0] for parent in parents if parent.parts}
    good = next((name for name in sorted(tops) if name.casefold() in GOODS), None)
    if good and not said_good and (others := sorted(tops - {good})):
        raise UserError(f"'{root}' holds the folders {good!r} and {others[0]!r}, and nobody knows whether the parts in "
                        f"the second are good: name '{root / good}', or move the other folder elsewhere")


#: Names of folders, in small letters, whose parts are hardly good.
DEFECTS = frozenset(('abnormal', 'anomalies', 'anomalous', 'anomaly', 'bad', 'broken', 'defect', 'defective', 'defects',
                     'faulty', 'ng', 'nio', 'nok', 'not_ok', 'reject', 'rejected', 'rejects', 'scrap', 'test', '不良',
                     '不良品', '不合格', '异常', '次品', '缺陷'))
#: Likewise, of good parts.
GOODS = frozenset(('good', 'io', 'normal', 'ok', 'pass', '合格', '正常', '良品'))


def _reason(name: str) -> str | None:
    """Why a file or folder of this name is never looked into."""
    return HIDDEN if name.startswith('.') else SYSTEM if name.casefold() in SYSTEM_NAMES else None


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _blocks(path: Path) -> bool:
    """Whether it is a pipe or a device, which reading waits for; a link to nothing is an image that is missing."""
    return os.path.exists(path) and not os.path.isfile(path)  # neither raises on a link to itself
