"""The atlas: whole data sets, morphed on as many workers as there are, results in open formats.

    run        `atlas`: the call
    plan, job  what is to be done, checked before any work
    sources    where images come from, and reading them
    work       one piece, on a worker; rows: its rows and pictures
    edits      editors to several distances at once
    store      the folder: atomic files, their checksums; lock: one run at a time
    identity   digests of models and settings
    site       a page of it: summaries, the numbers; sprites, the pictures; page/, HTML and JavaScript

It needs the extra ``steerlens[atlas]``: Dask, Parquet and Zarr.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # the names of __init__.pyi
