"""Missing values: counted, kept as a level, imputed, and the results pooled."""
