# As published but for the textures: procedural ones and other training images in place of the DTD.
_base_ = '../textile/textile_r18_5000i_mvtec.py'
train_pipeline = [
    _base_.load_image, _base_.resize,
    dict(type='RotateTexture'),
    dict(type='PerlinTexture', prob=1.0), _base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
