# Makes horizon_reference.json and horizon_untied.csv: logistic regression of an event by a horizon, weighted for censoring.
# With distinct times, by mets::logitIPCW. With ties, by glm with the weights of prodlim's reverse Kaplan-Meier estimate, and
# the variance from its definition, patient by patient. Curves by prodlim (Aalen-Johansen).
# Run in this folder:  Rscript make_horizon_reference.R     (R >= 4.2 with mets, prodlim, jsonlite)

suppressPackageStartupMessages({library(mets); library(prodlim); library(jsonlite)})
options(digits = 17)
tight <- glm.control(epsilon = 1e-15, maxit = 200)

set.seed(20251)
n <- 160
untied <- data.frame(group = factor(sample(c("a", "b", "c"), n, TRUE)), x = round(rnorm(n), 3))
rate <- 0.02 * exp(0.7 * (untied$group == "b") + 0.4 * untied$x)
first <- rexp(n, rate); other <- rexp(n, 0.008); end <- runif(n, 5, 90)
untied$time <- round(pmin(first, other, end), 4)
untied$cause <- ifelse(pmin(first, other) > end, 0, ifelse(first < other, 1, 2))
stopifnot(!anyDuplicated(untied$time))
write.csv(untied, "horizon_untied.csv", row.names = FALSE)

summary_of <- function(coef, se, naive = NULL) list(term = names(coef), estimate = unname(coef), std_error = unname(se),
                                                    naive = unname(naive))
result <- list(versions = list(R = R.version.string, mets = as.character(packageVersion("mets")),
                               prodlim = as.character(packageVersion("prodlim"))))
for (horizon in c(12, 30, 60)) {
  fit <- logitIPCW(Event(time, cause) ~ group + x, untied, cause = 1, time = horizon)
  fit <- logitIPCW(Event(time, cause) ~ group + x, untied, cause = 1, time = horizon, beta = fit$coef)
  result$mets[[paste0("h", horizon)]] <- c(summary_of(fit$coef, fit$se.coef, sqrt(diag(fit$naive.var))),
                                           list(horizon = horizon, weight = fit$weights))
}

# With ties: what is defined, written out.
by_hand <- function(data, formula, horizon, of) {
  time <- data$time; cause <- data$cause
  known <- cause > 0 | time >= horizon
  # Censorings at a time come after its events, so those with an event then are not at risk of being censored.
  moments <- sort(unique(time[!known]))
  at_risk <- sapply(moments, function(u) sum(time > u | (time == u & cause == 0)))
  hazard <- sapply(moments, function(u) sum(time == u & !known)) / at_risk
  free <- sapply(pmin(time, horizon), function(t) prod(1 - hazard[moments < t]))
  reverse <- prodlim(Hist(time, cause) ~ 1, data, reverse = TRUE)
  left <- sapply(pmin(time, horizon), function(t) predict(reverse, times = t - 1e-9))
  stopifnot(all(abs(free - left)[known] < 1e-12))
  data$y <- as.numeric(cause == of & time <= horizon)
  data$w <- ifelse(known, 1 / free, 0)
  fit <- suppressWarnings(glm(formula, binomial, data, weights = w, control = tight))
  x <- model.matrix(formula, data)
  p <- fitted(fit)
  inverse <- solve(t(x) %*% (x * data$w * p * (1 - p)))
  direct <- x * data$w * (data$y - p)
  extra <- matrix(0, nrow(x), ncol(x))
  for (k in seq_along(moments)) {
    u <- moments[k]
    h <- colSums(direct[pmin(time, horizon) > u, , drop = FALSE])
    martingale <- (time == u & !known) - (time > u | (time == u & cause == 0)) * hazard[k]
    extra <- extra + outer(martingale, h / at_risk[k])
  }
  iid <- (direct + extra) %*% inverse
  curve <- prodlim(Hist(time, cause) ~ 1, data)
  c(summary_of(coef(fit), sqrt(colSums(iid^2)), sqrt(colSums((direct %*% inverse)^2))),
    list(horizon = horizon, of = of, n = sum(known), n_event = sum(data$y[known]), weight = data$w,
         covariance = unname(crossprod(iid)), incidence = unname(predict(curve, times = horizon, cause = of)[[1]])))
}
models <- list(
  list("bmt", ~ factor(group) + age, 365, 1), list("bmt", ~ factor(group) + age, 700, 2),
  list("mgus2", ~ sex + age, 120, 1), list("mgus2", ~ sex + age, 120, 2),
  list("ties", ~ arm + dose, 4, 1), list("ties", ~ arm + dose, 7, 2),
  list("pbc", ~ sex + bili + age, 2000, 2))
for (m in models) {
  data <- read.csv(paste0("competing_", m[[1]], ".csv"))
  if (m[[1]] == "ties") data <- data[rep(seq_len(nrow(data)), data$weight), ]
  data <- data[complete.cases(data[all.vars(m[[2]])]), ]
  entry <- by_hand(data, update(m[[2]], y ~ .), m[[3]], m[[4]])
  result$by_hand[[length(result$by_hand) + 1]] <- c(list(data = m[[1]], covariates = all.vars(m[[2]])), entry)
}
write_json(result, "horizon_reference.json", digits = NA, auto_unbox = TRUE, null = "null")
