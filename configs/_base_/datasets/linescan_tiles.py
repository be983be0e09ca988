# Line scans of many thousand pixels in overlapping tiles of 1024x1024 (4000x18000 gives 72), each seen at 256x256.
#
# Folders as in anomaly_folder.py; defective scans need masks.
_base_ = './anomaly_folder.py'

data_root = '{{$MMINSPECT_DATA:data}}/linescan/'
tile = 1024

train_dataloader = dict(dataset=dict(type='TiledDataset', data_root=data_root, tile=tile))
val_dataloader = dict(dataset=dict(type='TiledDataset', data_root=data_root, tile=tile))
test_dataloader = val_dataloader

# Per tile; per tile for small and for big defects (the largest one below or from 32x32 pixels); and per scan, with the
# maps put together again.
val_evaluator = [
    dict(type='AnomalyMetric'),
    dict(type='AnomalyMetric', prefix='small', defect_area=(0, 1024)),
    dict(type='AnomalyMetric', prefix='big', defect_area=(1024, None)),
    dict(type='StitchedAnomalyMetric', prefix='scan'),
]
test_evaluator = val_evaluator
