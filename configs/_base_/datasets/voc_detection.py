# Pascal VOC, without conversion. A config that inherits this file overrides data_root, metainfo and coordinate_offset
# in its dataloaders (docs/your_own_data.md has one).
#
#   data_root/JPEGImages/                    any image format
#   data_root/Annotations/*.xml
#   data_root/ImageSets/Main/{train,val}.txt
_base_ = './coco_detection.py'

data_root = '{{$MMINSPECT_DATA:data}}/voc/'
metainfo = dict(classes=('foreign', ))
coordinate_offset = 1  # 0 if the coordinates in your XML files count from 0

# The metric takes the ground truth from the samples, where this meta key carries it.
test_meta_keys = (*_base_.test_meta_keys, 'instances')
pack_test = dict(type='PackDetInputs', meta_keys=test_meta_keys)
test_pipeline = [_base_.load_image, _base_.resize, _base_.load_boxes, pack_test]

train_dataloader = dict(
    dataset=dict(
        type='InspectionVOCDataset',
        data_root=data_root,
        metainfo=metainfo,
        coordinate_offset=coordinate_offset,
        ann_file='ImageSets/Main/train.txt',
        data_prefix=dict(_delete_=True, sub_data_root='')))
val_dataloader = dict(
    dataset=dict(
        type='InspectionVOCDataset',
        data_root=data_root,
        metainfo=metainfo,
        coordinate_offset=coordinate_offset,
        ann_file='ImageSets/Main/val.txt',
        data_prefix=dict(_delete_=True, sub_data_root=''),
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=None)
test_evaluator = val_evaluator
