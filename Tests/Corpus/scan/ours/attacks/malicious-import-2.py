from pathlib import os
os.system('echo')
