"""Files that leave the product, each with its cohort, filter, method, version and date."""
