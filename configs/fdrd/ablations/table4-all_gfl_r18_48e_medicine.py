# Table 4, all.
_base_ = '../fdrd_gfl_r18_48e_medicine.py'
published = 'table4/all'
