# Makes gower_reference.json: Gower's distances of the first patient to all others by cluster::daisy, with numbers, levels and
# missing values. Run in this folder:  Rscript make_gower_reference.R     (R >= 4.2 with cluster, jsonlite)

suppressPackageStartupMessages({library(cluster); library(jsonlite)})
options(digits = 17)
mixed <- data.frame(
  age = c(4.2, 1.1, 9.5, NA, 15.0, 0.3, 6.6, 3.9, 12.4, 7.7, NA, 2.2),
  cells = log10(c(43, 5, 120, 8, NA, 400, 9, 20, 51, 33, 2, 75)),
  lineage = factor(c("B", "B", "T", "B", "T", NA, "B", "B", "T", "B", "B", "B"), c("B", "T")),
  site = factor(c("marrow", "CNS", "both", "marrow", NA, "CNS", "marrow", "both", "marrow", "CNS", "both", "marrow"))
)
distances <- as.matrix(daisy(mixed, metric = "gower"))[1, -1]
result <- list(
  versions = list(R = R.version.string, cluster = as.character(packageVersion("cluster"))),
  data = mixed,
  ranges = list(age = diff(range(mixed$age, na.rm = TRUE)), cells = diff(range(mixed$cells, na.rm = TRUE))),
  distances = unname(distances)
)
write_json(result, "gower_reference.json", digits = NA, auto_unbox = TRUE, dataframe = "rows", na = "null")
