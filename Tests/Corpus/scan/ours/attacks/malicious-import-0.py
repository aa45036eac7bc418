import shutil
shutil.os.system('echo')
