# Models in which one value of a number is far from all others: Cox, Fine-Gray and logistic regression.
#
# Writes outlier_reference.json: patients, and the estimates of survival::coxph, cmprsk::crr and stats::glm.

suppressMessages({
  library(survival)
  library(cmprsk)
  library(jsonlite)
})

set.seed(20)
tight <- coxph.control(iter.max = 200, eps = 1e-12, toler.chol = 1e-14)

pair <- function(estimate, variance) {
  list(estimate = unname(estimate), std_error = unname(sqrt(diag(as.matrix(variance)))))
}

# The search ends where the likelihood no longer rises, before the coefficients stand still: go on from there.
cox_of <- function(formula, d) {
  found <- coxph(formula, d, control = tight)
  for (again in 1:3) found <- coxph(formula, d, init = coef(found), control = tight)
  found
}

fit <- function(d) {
  cox <- cox_of(Surv(time, event) ~ white_cells + g, d)
  stratified <- cox_of(Surv(time, event) ~ white_cells + strata(g), d)
  late <- cox_of(Surv(entry, time, event) ~ white_cells + g, d)
  logistic <- glm(outcome ~ white_cells + g, binomial, d, control = glm.control(epsilon = 1e-14, maxit = 100))
  # vcov() takes its weights from the last step but one: start the fit at its own end, and they are the last.
  logistic <- glm(outcome ~ white_cells + g, binomial, d, start = coef(logistic), control = glm.control(epsilon = 1e-14))
  gray <- crr(d$time, d$cause, model.matrix(~ white_cells + g, d)[, -1], gtol = 1e-10, maxiter = 100)
  stopifnot(logistic$converged, gray$converged)
  zph <- cox.zph(cox, transform = "km")
  list(
    patients = as.list(d),
    cox = c(pair(coef(cox), vcov(cox)), log_likelihood = cox$loglik[2]),
    stratified = c(pair(coef(stratified), vcov(stratified)), log_likelihood = stratified$loglik[2]),
    late = c(pair(coef(late), vcov(late)), log_likelihood = late$loglik[2]),
    logistic = c(pair(coef(logistic)[-1], vcov(logistic)[-1, -1]), log_likelihood = as.numeric(logLik(logistic))),
    fine_gray = c(pair(gray$coef, gray$var), log_likelihood = gray$loglik),
    proportional = unname(zph$table[, "chisq"])
  )
}

draw <- function(case) {
  n <- 60
  time <- round(rexp(n, 1 / 30), 1) + 0.2
  cause <- rbinom(n, 2, 0.45)
  white_cells <- round(exp(rnorm(n, 3, 1.2)), 1)
  slip <- sample(n, 1)
  white_cells[slip] <- white_cells[slip] * 10^(3 + case %% 3)
  data.frame(
    time = time, event = as.integer(cause == 1), cause = cause, outcome = rbinom(n, 1, 0.4),
    entry = ifelse(runif(n) < 0.5, 0, round(time * runif(n, 0, 0.9), 1)),
    white_cells = white_cells, g = sample(c("a", "b"), n, TRUE)
  )
}

six <- data.frame(time = c(1, 3, 2, 5, 6, 4), event = c(1, 0, 1, 0, 1, 1), b = c(2, 3, 1, 7, 1000, 5))
# coxph keeps linear predictors within bounds and ends at -0.893 with all six. The last patient has the event alone, which
# adds nothing to the likelihood, and at log hazard ratios around -1 counts for exp(-1000) before: the other five tell.
small <- coxph(Surv(time, event) ~ b, six, subset = b < 1000, control = tight)

drawn <- list()
case <- 0
while (length(drawn) < 24) {
  case <- case + 1
  d <- draw(case)
  found <- tryCatch(fit(d), error = function(e) NULL, warning = function(w) NULL)
  if (!is.null(found)) drawn <- c(drawn, list(found))
}
cat(case, "drawn\n")

writeLines(
  toJSON(
    list(
      versions = list(
        R = R.version.string, survival = as.character(packageVersion("survival")),
        cmprsk = as.character(packageVersion("cmprsk"))
      ),
      six = c(as.list(six), pair(coef(small), vcov(small)), log_likelihood = small$loglik[2]),
      drawn = drawn
    ),
    digits = NA, auto_unbox = TRUE
  ),
  "outlier_reference.json"
)
