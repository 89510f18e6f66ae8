"""The figures of a view, computed once more by the libraries that its readers know, and how far the two agree.

Each module does one family. Libraries are imported inside the functions: a page that nobody asks about does not wait for
them.
"""

from analytics.estimators.second_opinion.comparison import MOST_PATIENTS, collect

__all__ = ["MOST_PATIENTS", "collect"]
