# Makes model_checks_reference.json: odds ratios without one patient (glm and brglm2 fitted again, and dfbeta), knots and
# basis of restricted cubic splines (Hmisc, rms) and models with them, for data sets that make_logistic_reference.R writes.
# Run in this folder:  Rscript make_model_checks_reference.R     (R >= 4.2 with rms, Hmisc, brglm2, jsonlite)

suppressPackageStartupMessages({library(rms); library(brglm2); library(jsonlite)})
options(digits = 17)
tight <- glm.control(epsilon = 1e-14, maxit = 200)
known <- fromJSON("logistic_reference.json")

# The patients of a data set, one row each, and the formula of its model.
patients <- function(name) {
  entry <- known[[name]]
  data <- read.csv(paste0("logistic_", name, ".csv"))
  for (column in names(entry$levels)) data[[column]] <- factor(as.character(data[[column]]), entry$levels[[column]])
  list(data = data, outcome = entry$outcome, formula = reformulate(entry$covariates, entry$outcome))
}

result <- list()
for (name in c("birthwt", "infert")) {
  d <- patients(name)
  fit <- glm(d$formula, binomial, d$data, control = tight)
  without <- t(sapply(seq_len(nrow(d$data)), function(i) coef(glm(d$formula, binomial, d$data[-i, ], control = tight))))
  # dfbeta() takes its weights from the last step but one: start the fit at its own end, and they are the last.
  again <- suppressWarnings(glm(d$formula, binomial, d$data, start = coef(fit), control = tight))
  result$influence[[name]] <- list(term = names(coef(fit))[-1], without = unname(without[, -1]),
                                   dfbeta = unname(dfbeta(again)[, -1]))
}
d <- patients("endometrial")
firth <- function(data) coef(glm(d$formula, binomial, data, method = "brglmFit", type = "AS_mean",
                                 control = list(epsilon = 1e-13, maxit = 10000)))
result$influence$endometrial <- list(term = names(firth(d$data))[-1], without = unname(t(sapply(
  seq_len(nrow(d$data)), function(i) firth(d$data[-i, ])))[, -1]))

numbers <- list(birthwt_lwt = patients("birthwt")$data$lwt, birthwt_age = patients("birthwt")$data$age,
                pima_glu = patients("pima")$data$glu, endometrial_pi = patients("endometrial")$data$PI)
for (name in names(numbers)) {
  x <- numbers[[name]]
  for (k in 3:5) {
    # Ties are not treated apart (fractied = 0): the knots lie at Harrell's quantiles.
    t <- rcspline.eval(x, nk = k, knots.only = TRUE, fractied = 0)
    basis <- rcspline.eval(x, knots = t, inclx = TRUE)
    result$basis[[name]][[paste0("k", k)]] <- list(knots = unname(t), basis = unname(matrix(basis[1:12, ], 12)))
  }
}

spline <- function(name, variable, k) {
  d <- patients(name)
  x <- d$data[[variable]]
  t <- rcspline.eval(x, nk = k, knots.only = TRUE, fractied = 0)
  basis <- function(v) rcspline.eval(v, knots = t, inclx = TRUE)
  bends <- as.data.frame(basis(x)[, -1, drop = FALSE])
  names(bends) <- paste0("bend", seq_along(bends))
  data <- cbind(d$data, bends)
  wider <- update(d$formula, paste(". ~ . +", paste(names(bends), collapse = " + ")))
  fit <- glm(wider, binomial, data, control = tight)
  straight <- glm(d$formula, binomial, data, control = tight)
  again <- suppressWarnings(glm(wider, binomial, data, start = coef(fit), control = tight))
  own <- c(variable, names(bends))
  at <- quantile(x, c(0.025, 0.2, 0.5, 0.8, 0.975), names = FALSE)
  away <- basis(at) - basis(rep(median(x), length(at)))
  list(data = name, variable = variable, k = k, knots = unname(t), at = at,
       log_odds_ratio = as.vector(away %*% coef(fit)[own]),
       std_error = sqrt(rowSums((away %*% vcov(again)[own, own]) * away)),
       straight = unname(coef(straight)[variable]), statistic = deviance(straight) - deviance(fit),
       df = k - 2, p_value = pchisq(deviance(straight) - deviance(fit), k - 2, lower.tail = FALSE))
}
result$spline <- list(spline("birthwt", "lwt", 4), spline("birthwt", "age", 3), spline("pima", "glu", 5),
                      spline("pima", "age", 4), spline("birthwt", "lwt", 3))
# rms fits the same model by itself, its knots where it puts them.
p <- patients("pima")
fitted <- function(formula) lrm(formula, p$data, eps = 1e-12, tol = 1e-14)$deviance[2]
result$rms <- list(statistic = unname(fitted(p$formula) - fitted(update(p$formula, . ~ . - glu + rcs(glu, 5)))), df = 3)
result$versions <- list(R = R.version.string, rms = as.character(packageVersion("rms")),
                        Hmisc = as.character(packageVersion("Hmisc")), brglm2 = as.character(packageVersion("brglm2")))
write_json(result, "model_checks_reference.json", digits = I(17), auto_unbox = TRUE, null = "null", na = "null")
print(result$spline[[3]][c("knots", "statistic", "p_value")]); print(result$rms)
