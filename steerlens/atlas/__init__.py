"""The atlas: whole data sets, morphed on as many workers as there are, results in open formats.

    run        `atlas`: the call
    sources    where images come from, and reading them
    work       one piece: a few images, to rows and pictures
    edits      editors to several distances at once
    store      the folder: atomic files, their checksums
    identity   digests of models and settings
    lock       one run a folder

It needs the extra ``steerlens[atlas]``: Dask, Parquet and Zarr.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # the names of __init__.pyi
