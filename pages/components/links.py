"""The links of a run: to every page that the cohort can fill, with what is selected now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from analytics.analysis import Control
from analytics.views.view import DATA_KEY, write_link
from pages.components import state
from pages.components.cache import Offer

NO_CHOICES = Offer()


@dataclass(frozen=True, slots=True)
class Links:
    """What every link of a run says: the filter, the data, and ``beside`` these the other selection and that it presents.

    ``offers`` are those of the analyses, by their address.
    """

    selected: Mapping[str, Sequence[str]]
    data_version: str
    beside: Mapping[str, Sequence[str]]
    offers: Mapping[str, Offer]

    def to(self, page: str, held: Mapping[Any, Any] | None = None) -> str:
        """The link to another page, "" for the overview; no link if the file lacks what it needs.

        ``held`` are choices by name; where they are none of that page's, it begins with its own.
        """
        offer, held = self.offers.get(page, NO_CHOICES), held or {}
        if offer.lacks:
            return ""
        return self._write(page or "./", {c.name: c.to_text(c.choice(held.get(c.name))) for c in offer.controls})

    def elsewhere(self, page: str, **chosen: str) -> str:
        """The link to a page that is no analysis, with these choices of it."""
        return self._write(page, {name: [text] for name, text in chosen.items()})

    def whole(self, page: str, **chosen: str) -> str:
        """The whole link to a page that is no analysis, at the address of this server, to be given to others."""
        start = str(st.context.url or "").split("?")[0].rpartition("/")[0]
        kept = {key: texts for key, texts in self.beside.items() if key == state.OWN}
        said = {**self.selected, **{name: [text] for name, text in chosen.items()}, DATA_KEY: [self.data_version]}
        return write_link(f"{start}/{page}", said | kept)

    def here(self, controls: Sequence[Control], choices: Mapping[str, Any]) -> str:
        """The whole link, at the address under which the page is open; only its query if that is not known."""
        address = str(st.context.url or "").split("?")[0]
        return self._write(address, {c.name: c.to_text(choices[c.name]) for c in controls})

    def _write(self, address: str, chosen: Mapping[str, Sequence[str]]) -> str:
        return write_link(address, {**self.selected, **chosen, DATA_KEY: [self.data_version], **self.beside})
