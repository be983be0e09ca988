# The category screw of MVTec AD in images of 512x512, every second training image: 160 good; 41 good and 119 defective.
_base_ = './mvtec.py'

data_root = '{{$MMINSPECT_DATA:data}}/mvtec_screw/'
category = 'screw'

train_dataloader = dict(dataset=dict(data_root=data_root, category=category))
val_dataloader = dict(dataset=dict(data_root=data_root, category=category))
test_dataloader = val_dataloader
