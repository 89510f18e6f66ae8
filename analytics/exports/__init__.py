"""Files that leave the product, one module a medium, each with its cohort, filter, method, version and date."""
