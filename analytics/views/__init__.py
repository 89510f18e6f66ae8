"""A view as a link, and the ledger of what was tested."""
