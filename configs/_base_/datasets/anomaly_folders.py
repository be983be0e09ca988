# Good images of several folders (cameras, batches, weeks) as one data set. A config that inherits this file overrides
# the data_root of every part in its dataloaders; the parts are numbered through, so that their images stay apart.
_base_ = './anomaly_folder.py'

roots = ('{{$MMINSPECT_DATA:data}}/folder_a/', '{{$MMINSPECT_DATA:data}}/folder_b/')

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type='FolderDataset', data_root=root, split='train', cache=True, pipeline=_base_.pipeline)
            for root in roots
        ]))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(type='FolderDataset', data_root=root, split='test', cache=True, pipeline=_base_.pipeline)
            for root in roots
        ]))
test_dataloader = val_dataloader
