"""The data dictionary: one entry per variable and endpoint, read by filters, models, tables, axes and exports."""

from analytics.dictionary.entries import (
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    EVENT_LEVELS,
    KINDS,
    PHASES,
    CompetingEndpoint,
    Derivation,
    Dictionary,
    DictionaryError,
    Endpoint,
    Kind,
    Phase,
    Variable,
)
from analytics.dictionary.in_hand import (
    dictionary_in_hand,
    dictionary_naming,
    dictionary_with,
    load_dictionary,
    load_words,
    speaking_by,
    spoken,
)
from analytics.dictionary.reading import DICTIONARY_PATH, make_dictionary, open_dictionary
from analytics.words import Words

__all__ = [
    "DAYS_PER_MONTH",
    "DAYS_PER_YEAR",
    "DICTIONARY_PATH",
    "EVENT_LEVELS",
    "KINDS",
    "PHASES",
    "CompetingEndpoint",
    "Derivation",
    "Dictionary",
    "DictionaryError",
    "Endpoint",
    "Kind",
    "Phase",
    "Variable",
    "Words",
    "dictionary_in_hand",
    "dictionary_naming",
    "dictionary_with",
    "load_dictionary",
    "load_words",
    "make_dictionary",
    "open_dictionary",
    "speaking_by",
    "spoken",
]
