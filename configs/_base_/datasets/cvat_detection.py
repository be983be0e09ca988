# "CVAT for images 1.1", without conversion: one XML file per split, and the images. A config that inherits this file
# overrides data_root and metainfo in its dataloaders.
#
#   data_root/train.xml  val.xml
#   data_root/images/                     any image format
#
# One file of a project for both: ann_file='annotations.xml' and subset='Train' or 'Validation'.
_base_ = './voc_detection.py'

data_root = '{{$MMINSPECT_DATA:data}}/cvat/'
metainfo = dict(classes=('foreign', ))

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='InspectionCVATDataset',
        data_root=data_root,
        metainfo=metainfo,
        ann_file='train.xml',
        data_prefix=dict(img='images/'),
        filter_cfg=dict(filter_empty_gt=False),
        pipeline=_base_.train_pipeline))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='InspectionCVATDataset',
        data_root=data_root,
        metainfo=metainfo,
        ann_file='val.xml',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
