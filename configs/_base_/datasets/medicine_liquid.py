# Foreign objects in medicine bottles: 3300 images of 1088x460, one class, 8:2.
#
# The set comes as VOC (JPEGImages, Annotations) with the class name '1'. Convert it with
#   python tools/datasets/voc2coco.py data/medicine_liquid --out data/medicine_liquid/annotations_coco --split 0.8
# and write classes=('1', ) below, or rename the class in the XML files first.
_base_ = './coco_detection.py'

data_root = '{{$MMINSPECT_DATA:data}}/medicine_liquid/'
metainfo = dict(classes=('foreign', ))

# The inherited scale (1333, 800) makes 1333x564 of 1088x460: the width binds.
train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations_coco/instances_train.json',
        data_prefix=dict(img='JPEGImages/')))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations_coco/instances_val.json',
        data_prefix=dict(img='JPEGImages/')))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + 'annotations_coco/instances_val.json')
test_evaluator = val_evaluator
