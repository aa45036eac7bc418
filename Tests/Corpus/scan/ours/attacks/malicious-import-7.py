import sys
sys.modules.get('os').system('echo')
