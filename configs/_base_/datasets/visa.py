# VisA as it is distributed, with split_csv/1cls.csv. The category comes from MMINSPECT_CATEGORY and the folder from
# MMINSPECT_DATASET, as in mvtec.py.
_base_ = './mvtec.py'

data_root = '{{$MMINSPECT_DATA:data}}/{{$MMINSPECT_DATASET:visa}}/'
category = '{{$MMINSPECT_CATEGORY:candle}}'

train_dataloader = dict(dataset=dict(type='VisADataset', data_root=data_root, category=category))
val_dataloader = dict(dataset=dict(type='VisADataset', data_root=data_root, category=category))
test_dataloader = val_dataloader
