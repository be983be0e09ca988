# Tianchi 2020, second round: foreign objects in bottles of liquor, 1522 images of 4096x3000 (only those with objects),
# one class, 8:2.
#
# The inherited scale (1333, 800) makes 1092x800, so an object of 20 px is 5 px large for the network. That is the
# published setting; give a larger scale for small objects and report it as such.
_base_ = './medicine_liquid.py'

data_root = '{{$MMINSPECT_DATA:data}}/tianchi/'

train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + 'annotations_coco/instances_val.json')
test_evaluator = val_evaluator
