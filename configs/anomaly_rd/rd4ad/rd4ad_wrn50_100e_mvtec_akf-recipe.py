# RD4AD under AKF's recipe, to tell the method from the recipe.
_base_ = '../akf/akf-oce_wrn50_100e_mvtec.py'
model = dict(bottleneck=dict(fusion=dict(type='MFF')))
