# Makes proportional_subdistribution_reference.json: score tests of proportional subdistribution hazards, from what
# cmprsk::crr gives for a model with each covariate times a function of time (cov2, tf), stopped where the model without these
# stands: its residuals are the score, its inverse information and its variance give the information and the score's variance.
# The function of time is the cumulative incidence just before it (cuminc, by hand). The Wald test of the same model, fitted,
# stands beside it.
# Run in this folder:  Rscript make_proportional_subdistribution_reference.R     (R >= 4.2 with cmprsk, jsonlite)

suppressPackageStartupMessages({library(cmprsk); library(jsonlite)})
options(digits = 17)

incidence_before <- function(time, cause, of, at) {
  moments <- sort(unique(time))
  free <- 1; total <- 0; before <- numeric(length(moments))
  for (i in seq_along(moments)) {
    before[i] <- total
    n <- sum(time >= moments[i])
    total <- total + free * sum(time == moments[i] & cause == of) / n
    free <- free * (1 - sum(time == moments[i] & cause > 0) / n)
  }
  before[match(at, moments)]
}

models <- list(
  list("bmt", ~ factor(group) + age, 1), list("bmt", ~ factor(group) + age, 2),
  list("mgus2", ~ sex + age, 2), list("mgus2", ~ sex + age, 1),
  list("pbc", ~ sex + age + bili, 2), list("twelve", ~ arm, 1))
result <- list(versions = list(R = R.version.string, cmprsk = as.character(packageVersion("cmprsk"))), tests = list())
for (m in models) {
  data <- read.csv(paste0("competing_", m[[1]], ".csv"))
  data <- data[complete.cases(data[all.vars(m[[2]])]), ]
  x <- model.matrix(m[[2]], data)[, -1, drop = FALSE]
  owner <- attr(model.matrix(m[[2]], data), "assign")[-1]
  q <- ncol(x); of <- m[[3]]
  fit <- crr(data$time, data$cause, x, failcode = of, gtol = 1e-12, maxiter = 100)
  tf <- function(t) matrix(incidence_before(data$time, data$cause, of, t), length(t), q)
  held <- crr(data$time, data$cause, x, x, tf, failcode = of, init = c(fit$coef, rep(0, q)), maxiter = 0)
  stopifnot(isTRUE(all.equal(unname(held$coef), c(unname(fit$coef), rep(0, q)))))
  score <- colSums(held$res)
  stopifnot(max(abs(score[1:q])) < 1e-6 * max(1, abs(score)))
  information <- solve(held$inv)
  spread <- information %*% held$var %*% information
  a <- information[q + 1:q, 1:q, drop = FALSE] %*% solve(information[1:q, 1:q])
  left <- cbind(-a, diag(q))
  variance <- left %*% spread %*% t(left)
  test <- function(own) drop(score[q + own] %*% solve(variance[own, own], score[q + own]))
  wide <- crr(data$time, data$cause, x, x, tf, failcode = of, gtol = 1e-10, maxiter = 100)
  wald <- function(own) drop(wide$coef[q + own] %*% solve(wide$var[q + own, q + own], wide$coef[q + own]))
  by <- split(seq_len(q), owner)
  result$tests[[length(result$tests) + 1]] <- list(
    data = m[[1]], covariates = all.vars(m[[2]]), of = of, coef = unname(fit$coef),
    statistic = unname(sapply(by, test)), df = unname(lengths(by)), overall = test(seq_len(q)),
    wald = unname(sapply(by, wald)))
}
write_json(result, "proportional_subdistribution_reference.json", digits = NA, auto_unbox = FALSE)
