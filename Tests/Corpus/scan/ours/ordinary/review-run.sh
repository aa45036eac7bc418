#!/bin/bash
rm -rf out
python train.py
