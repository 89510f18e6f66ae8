# Makes pooled_tests_reference.json: tests of whole factors over imputed sets (mice::D1, by way of mitml) for the sets that
# make_missing_data_reference.R writes down, with and without limited degrees of freedom of the complete data.
# Run in this folder:  Rscript make_pooled_tests_reference.R     (R >= 4.2 with mice, mitml, jsonlite)

suppressPackageStartupMessages({library(mice); library(mitml); library(jsonlite)})
options(digits = 17)
long <- read.csv("missing_data_imputed.csv")
long$reg <- factor(long$reg)
sets <- split(long, long$set)
tight <- glm.control(epsilon = 1e-15, maxit = 100)
# vcov() takes its weights from the last step but one: start each fit at its own end.
fit <- function(formula) lapply(sets, function(d) {
  start <- coef(glm(formula, binomial, d, control = tight))
  suppressWarnings(do.call(glm, list(formula, binomial, d, start = start, control = tight)))
})
whole <- fit(late ~ hgt + bmi + reg + tv)
test <- function(without, df) {
  found <- testModels(as.mitml.result(whole), as.mitml.result(fit(without)), method = "D1", df.com = df)$test
  list(statistic = unname(found[1, "F.value"]), df = unname(found[1, "df1"]), df_error = unname(found[1, "df2"]),
       p_value = unname(found[1, "P(>F)"]), increase = unname(found[1, "RIV"]))
}
complete <- df.residual(whole[[1]])
by_mice <- D1(as.mira(whole), as.mira(fit(late ~ hgt + bmi + tv)), dfcom = complete)$result
own <- which(startsWith(names(coef(whole[[1]])), "reg"))
result <- list(
  versions = list(R = R.version.string, mice = as.character(packageVersion("mice")), mitml = as.character(packageVersion("mitml"))),
  df_complete = complete,
  estimates = unname(t(sapply(whole, function(f) coef(f)[own]))),
  covariances = unname(lapply(whole, function(f) unname(vcov(f)[own, own]))),
  reg = test(late ~ hgt + bmi + tv, complete), reg_unlimited = test(late ~ hgt + bmi + tv, NULL),
  reg_few = test(late ~ hgt + bmi + tv, 20), mice = unname(by_mice[1, ]))
write_json(result, "pooled_tests_reference.json", digits = NA, auto_unbox = TRUE)
print(result$reg); print(result$reg_unlimited); print(result$mice)
