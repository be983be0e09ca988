"""Scans that are too large for a network, as tiles."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anomaly_rd.registry import DATASETS
from mminspect.core.errors import UserError
from mminspect.vision.images import image_shape, read_mask
from mminspect.vision.tiling import cut, tile_boxes

from .folder import FolderDataset
from .layouts import GOOD
from .listing import check_mask_size


@DATASETS.register_module()
class TiledDataset(FolderDataset):
    """Every image is a scan that is cut into tiles; each tile is an item.

    A tile of a defective scan is anomalous where its part of the mask is not empty, else normal. Items also have
    ``scan_id``, ``tile`` (y0, x0, y1, x1) in pixels of the scan, ``scan_shape`` (H, W) and ``scan_label``, 1 for every
    tile of a defective scan; ``StitchedAnomalyMetric`` makes maps of whole scans from them. Tiles of one scan are on
    one side of every split.

    Args:
        data_root: Folder as in :class:`~anomaly_rd.datasets.folder.FolderDataset`.
        split: 'train', 'holdout' or 'test'.
        tile: Side of the square tiles, in pixels of the scan.
        mode: 'overlap', 'drop_last' or 'pad': see :func:`~mminspect.vision.tiling.tile_starts`.
        overlap: That neighbours have at least in mode 'overlap', in pixels of the scan.
        **kwargs: Further arguments of ``FolderDataset``. By default each file is a scan of its own; with
            ``scan_pattern`` several files can be parts of one. With ``cache=True`` each scan is decoded once.

    Raises:
        UserError: Also for a scan smaller than a tile, and for a defective scan without a mask, because nobody knows
            which of its tiles are defective.
    """

    def __init__(self, data_root: str, split: str = 'train', tile: int = 1024, mode: str = 'overlap',
                 overlap: int = 0, **kwargs: Any) -> None:
        self.tile, self.mode, self.overlap = tile, mode, overlap
        super().__init__(data_root, split, **kwargs)

    def name_scans(self, items: Sequence[dict]) -> None:
        """Scans are named after their files, relative to the folder of the data, unless there is a pattern."""
        super().name_scans(items)
        for item in items if self.scan_pattern is None else ():
            item['scan_id'] = Path(item['img_path']).relative_to(self.root).with_suffix('').as_posix()

    def load_data_list(self) -> list[dict]:
        """Tiles of all scans of this split."""
        return [tile for scan in super().load_data_list() for tile in self._tiles(scan)]

    def _tiles(self, scan: dict) -> list[dict]:
        shape = image_shape(scan['img_path'], self.reading.orientation)
        try:
            boxes = tile_boxes(*shape, self.tile, self.mode, self.overlap)
        except UserError as error:
            raise UserError(f"'{scan['img_path']}': {error}") from error
        tiles = [dict(scan, tile=box, scan_shape=shape, scan_label=scan['gt_label']) for box in boxes]
        if not scan['gt_label']:
            return tiles
        if scan['mask_path'] is None:
            raise UserError(f"the defective scan '{scan['img_path']}' has no mask, so that nobody knows which of its "
                            'tiles are defective: add the mask, or remove the scan')
        mask = read_mask(scan['mask_path'])
        check_mask_size(scan['mask_path'], mask.shape, scan['img_path'], shape)
        return [tile if cut(mask, tile['tile'], False).any() else
                dict(tile, gt_label=0, defect_type=GOOD) for tile in tiles]

    def companions(self, idx: int) -> Sequence[int]:
        """All tiles of the same file: decoding it takes far longer than cutting a tile out."""
        path = self.get_data_info(idx)['img_path']
        first = last = idx
        while first > 0 and self.get_data_info(first - 1)['img_path'] == path:
            first -= 1
        while last + 1 < len(self) and self.get_data_info(last + 1)['img_path'] == path:
            last += 1
        return range(first, last + 1)
