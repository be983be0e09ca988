# The rendered demo set, 128x128: python tools/datasets/make_textures.py data/textures
_base_ = './mvtec.py'

data_root = '{{$MMINSPECT_DATA:data}}/textures/'
category = 'weave'

pipeline = [_base_.load_image, dict(type='ResizeInspection', size=(128, 128)), _base_.pack]

train_dataloader = dict(batch_size=8, dataset=dict(data_root=data_root, category=category, pipeline=pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, category=category, pipeline=pipeline))
test_dataloader = val_dataloader
