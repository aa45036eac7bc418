import os
x = f'\{os.system("echo")}'
