import os
x = rf'\\'; os.system('echo') #'
