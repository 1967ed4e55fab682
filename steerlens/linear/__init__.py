"""Linear interpreters: the affine system y = F x + r that a network is while its decisions are frozen.

LinearInterpreter   F and r without materialising F: rows, columns, singular triplets, contributions, votes
rules               the freeze rules, from unit to frozen action

Of torch only what is public is used (``tests/test_linear.py`` looks at every name).
"""

from . import rules
from .interpreter import LinearInterpreter

__all__ = ["LinearInterpreter", "rules"]
