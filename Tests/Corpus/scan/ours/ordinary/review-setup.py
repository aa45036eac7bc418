from setuptools import setup, find_packages
import os
exec(open(os.path.join('x', 'version.py')).read())
setup(name='x', version='1', packages=find_packages())
