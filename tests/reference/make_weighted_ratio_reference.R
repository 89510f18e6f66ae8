# Makes weighted_ratio_reference.json: hazard ratios under propensity weights with errors that know that the weights were
# estimated, by stacked estimating equations written out, and checked by refitting under moved parameters.
# Uses survival_colon.csv and cox_rotterdam.csv.
# Run in this folder:  Rscript make_weighted_ratio_reference.R     (R >= 4.2 with survival, jsonlite)

suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, warn = 1)
control <- coxph.control(eps = 1e-12, iter.max = 100, toler.chol = 1e-14)

weights_of <- function(estimand, t, e, P) switch(estimand,
  ate = ifelse(t == 1, P / e, (1 - P) / (1 - e)), att = ifelse(t == 1, 1, e / (1 - e)), overlap = ifelse(t == 1, 1 - e, e))

case <- function(file, treated, covariates, factors, estimand, weight = NULL, months = NULL) {
  d <- read.csv(file)
  for (f in factors) d[[f]] <- factor(d[[f]])
  d$t <- as.numeric(d[[treated]] == max(d[[treated]]))
  if (!is.null(months)) d$time <- ceiling(d$time / months)  # many ties
  d$n <- if (is.null(weight)) 1 else rep_len(weight, nrow(d))
  long <- d[rep(seq_len(nrow(d)), d$n), ]
  model <- glm(reformulate(covariates, "t"), binomial, long, control = glm.control(epsilon = 1e-15, maxit = 100))
  X <- model.matrix(model); e <- fitted(model); t <- long$t; P <- mean(t)
  log_ratio <- function(alpha, P) {
    long$w <- weights_of(estimand, t, plogis(as.vector(X %*% alpha)), P)
    coxph(Surv(time, event) ~ t, long, weights = w, control = control)
  }
  alpha <- coef(model)
  fit <- log_ratio(alpha, P)
  w <- weights_of(estimand, t, e, P)
  r <- residuals(coxph(Surv(time, event) ~ t, cbind(long, w = w), weights = w, control = control), "score")
  naive <- fit$naive.var[1]  # with weights, $var is the robust one
  # The derivative of the weights, by the logit; and how each patient moves the coefficients.
  g <- X * switch(estimand, ate = ifelse(t == 1, -P * (1 - e) / e, (1 - P) * e / (1 - e)),
                  att = ifelse(t == 1, 0, e / (1 - e)), overlap = ifelse(t == 1, -e * (1 - e), e * (1 - e)))
  phi <- (X * (t - e)) %*% solve(t(X) %*% (X * (e * (1 - e))))
  if (estimand == "ate") {
    g <- cbind(g, ifelse(t == 1, 1 / e, -1 / (1 - e))); phi <- cbind(phi, (t - P) / length(t))
  }
  D <- as.vector(t(g) %*% r) * naive
  # The same derivatives of the log hazard ratio by refitting.
  h <- 1e-5
  moved <- sapply(seq_along(D), function(k) {
    up <- down <- c(alpha, P); up[k] <- up[k] + h; down[k] <- down[k] - h
    q <- length(alpha)
    (coef(log_ratio(up[1:q], up[q + 1])) - coef(log_ratio(down[1:q], down[q + 1]))) / (2 * h)
  })
  stopifnot(max(abs(moved - D)) < 1e-6 * max(1, abs(D)))
  list(file = file, treated = treated, covariates = I(covariates), factors = I(factors), estimand = estimand, weight = d$n,
       time = d$time, coef = unname(coef(fit)), std_error = sqrt(sum((w * r * naive + phi %*% D)^2)),
       std_error_given = sqrt(sum((w * r * naive)^2)))
}

cases <- list()
for (estimand in c("ate", "att", "overlap")) cases <- c(cases, list(
  case("survival_colon.csv", "sex", c("extent", "weight"), "extent", estimand),
  case("survival_colon.csv", "sex", c("extent", "weight"), "extent", estimand, weight = c(2, 1, 3), months = 120)))
write_json(list(cases = cases), "weighted_ratio_reference.json", digits = NA, auto_unbox = TRUE)
