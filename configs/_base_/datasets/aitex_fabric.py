# AITEX fabric 02 in tiles of 256x256 (Silvestre-Blanes et al., AUTEX Research Journal 2019): 200 good; 60 good and 35
# defective ones.
_base_ = './mvtec.py'

data_root = '{{$MMINSPECT_DATA:data}}/aitex_fabric02/'
category = 'fabric02'
# '<folder>/<image>_<tile>': numbers count good and defective images apart
scan_pattern = r'\w+/\d+'

train_dataloader = dict(dataset=dict(data_root=data_root, category=category, scan_pattern=scan_pattern))
val_dataloader = dict(dataset=dict(data_root=data_root, category=category, scan_pattern=scan_pattern))
test_dataloader = val_dataloader
