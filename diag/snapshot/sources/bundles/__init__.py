"""Bundles: folders and archives that a collector wrote, with objects, logs and texts at places that it chose.

A bundle is read in one pass (`index.py`): names are checked, what may hold objects is kept, logs are only listed. Which
collector wrote it is told by paths that only it writes (`tool.py`, one module for each tool). Logs are read in a second
pass, once a rule asks for them (`log_files.py`).
"""
