"""Several kinds of event, of which the first is seen."""
