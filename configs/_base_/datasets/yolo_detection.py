# YOLO, without conversion. A config that inherits this file overrides data_root and metainfo in its dataloaders.
#
#   data_root/data.yaml                   names of the classes, and where the images of train and val are
#   data_root/images/{train,val}/         any image format
#   data_root/labels/{train,val}/*.txt    class x y width height
#
# Without a data.yaml: ann_file='classes.txt' (one name on each line), data_prefix=dict(img='images/train').
_base_ = './voc_detection.py'

data_root = '{{$MMINSPECT_DATA:data}}/yolo/'
metainfo = dict(classes=('foreign', ))

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='InspectionYOLODataset',
        data_root=data_root,
        metainfo=metainfo,
        ann_file='data.yaml',
        split='train',
        filter_cfg=dict(filter_empty_gt=False),
        pipeline=_base_.train_pipeline))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='InspectionYOLODataset',
        data_root=data_root,
        metainfo=metainfo,
        ann_file='data.yaml',
        split='val',
        test_mode=True,
        pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
