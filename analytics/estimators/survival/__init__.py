"""Curves of one kind of event, compared."""
