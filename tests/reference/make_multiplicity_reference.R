# Makes multiplicity_reference.json: p values adjusted by Holm's and by Benjamini and Hochberg's method.
# Run in this folder:  Rscript make_multiplicity_reference.R     (R >= 4.2 with jsonlite)

suppressPackageStartupMessages(library(jsonlite))
options(digits = 17, warn = 1)

# The second is the example of Benjamini and Hochberg (1995), section 3.2: 15 tests of thrombolysis.
vectors <- list(
  single = 0.03,
  thrombolysis = c(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
                   0.6528, 0.7590, 1),
  unsorted = c(0.6, 0.011, 0.04, 0.2, 0.0007, 0.9, 0.049),
  tied = c(0.02, 0.5, 0.02, 0.02, 0.5, 1),
  extreme = c(0, 1e-300, 1, 2.2e-16, 1),
  not_done = c(0.04, NA, 0.01, NA, 0.3),
  many = round(seq(0.001, 0.999, length.out = 60)^2, 6)
)
cases <- lapply(names(vectors), function(name) {
  p <- vectors[[name]]
  list(name = name, p = I(p), holm = I(p.adjust(p, "holm")), bh = I(p.adjust(p, "BH")))
})
write_json(cases, "multiplicity_reference.json", digits = NA, na = "null", auto_unbox = TRUE)
