# Your own images.
#
#   data_root/train/good  test/good  test/<defect>         and, if you have masks, ground_truth/<defect>
#   data_root/normal  abnormal                             and, if you have masks, mask: divided at random
# A config that inherits this file overrides data_root in its dataloaders.
_base_ = './mvtec.py'

data_root = '{{$MMINSPECT_DATA:data}}/folder/'

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='FolderDataset',
        data_root=data_root,
        split='train',
        cache=True,
        pipeline=_base_.pipeline))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='FolderDataset',
        data_root=data_root,
        split='test',
        cache=True,
        pipeline=_base_.pipeline))
test_dataloader = val_dataloader
