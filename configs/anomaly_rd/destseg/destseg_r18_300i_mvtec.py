# In a few minutes on two CPU cores: 150 and 150 iterations of 8 images.
_base_ = '../textile/textile_r18_300i_mvtec.py'
train_pipeline = [
    _base_.load_image, _base_.resize,
    dict(type='RotateTexture'),
    dict(type='PerlinTexture', prob=1.0), _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
