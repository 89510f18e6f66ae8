# Reference values for tests/estimators/missing/test_missing_data.py and test_imputation.py:
#   Rscript make_missing_data_reference.R
# in this folder. Needs mice, mitools and jsonlite. Five sets imputed by mice are written down with what mice and mitools
# pool from them, so that both sides start from the same numbers; and mice's augmented data with what glm makes of them.

suppressPackageStartupMessages({
  library(mice)
  library(mitools)
  library(jsonlite)
})

data <- mice::boys
data <- data[data$age > 8, c("age", "hgt", "bmi", "gen", "reg", "tv")]
data$late <- as.integer(!is.na(data$gen) & data$gen %in% c("G1", "G2"))
data$gen <- NULL
data$tv[data$tv > 20] <- NA
imputed <- mice(data, m = 5, maxit = 5, seed = 20251, printFlag = FALSE)
long <- complete(imputed, "long")
long <- long[, c(".imp", "late", "age", "hgt", "bmi", "reg", "tv")]
names(long)[1] <- "set"
write.csv(long, "missing_data_imputed.csv", row.names = FALSE, quote = FALSE)
original <- data[, c("late", "age", "hgt", "bmi", "reg", "tv")]
write.csv(original, "missing_data_original.csv", row.names = FALSE, quote = FALSE)

fits <- lapply(split(long, long$set), function(d)
  glm(late ~ hgt + bmi + reg + tv, binomial, d, control = glm.control(epsilon = 1e-14, maxit = 50)))
pooled <- pool(as.mira(fits))$pooled
complete_df <- df.residual(fits[[1]])
combined <- MIcombine(results = lapply(fits, coef), variances = lapply(fits, vcov), df.complete = complete_df)
unlimited <- MIcombine(results = lapply(fits, coef), variances = lapply(fits, vcov))

# Augmented data: with rare levels and a predictor that predicts one of them perfectly.
set.seed(1)
x <- cbind(a = c(rnorm(36), 0.3, -0.2, 1.1, 0.8), b = c(rep(0:1, 18), 1, 1, 1, 1))
y <- factor(c(rep(c("no", "no", "no"), 12), "yes", "yes", "yes", "yes"))
augmented <- mice:::augment(y, rep(TRUE, length(y)), x, NULL)
rows <- data.frame(y = as.integer(augmented$y == "yes"), augmented$x, w = augmented$w)
logistic <- suppressWarnings(
  glm(y ~ a + b, binomial, rows, weights = w, control = glm.control(epsilon = 1e-14, maxit = 100)))

patterns <- md.pattern(original, plot = FALSE)

write_json(list(
  n = nrow(original),
  df_complete = complete_df,
  mice = list(term = as.character(pooled$term), estimate = pooled$estimate, within = pooled$ubar, between = pooled$b,
              total = pooled$t, df = pooled$df, fmi = pooled$fmi, lambda = pooled$lambda),
  mitools = list(estimate = unname(combined$coefficients), variance = unname(diag(combined$variance)),
                 df = unname(combined$df), missing = unname(combined$missinfo),
                 df_unlimited = unname(unlimited$df)),
  patterns = list(n = as.integer(head(rownames(patterns), -1)), variables = colnames(patterns)[1:6],
                  known = unname(patterns[-nrow(patterns), 1:6])),
  augmented = list(x = unname(x), y = as.integer(y == "yes"), added = sum(rows$w) - nrow(x), n_added = nrow(rows) - nrow(x),
                   coefficients = unname(coef(logistic)), covariance = unname(vcov(logistic)))
), "missing_data_reference.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
