# Makes ratio_tests_reference.json: the likelihood-ratio test of each coefficient alone, by fitting the model without its
# column, and profile limits found by offsets and root finding, so that the two can be compared with each other and with
# those of the product. Cox models from the cox_*.csv of this folder (strata, delayed entry, ties, patients repeated), and
# 2 by 2 tables by glm.
# Run in this folder:  Rscript make_ratio_tests_reference.R     (R >= 4.2 with survival >= 3.5, jsonlite)

suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, warn = 1)
tight <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 100)

limits_of <- function(height, at, se) {
  limit <- function(side) {
    near <- at; far <- at + side * se
    while (height(far) > 0) { near <- far; far <- far + side * se }
    uniroot(height, sort(c(near, far)), tol = 1e-13, maxiter = 1000)$root
  }
  c(limit(-1), limit(1))
}

cox <- function(name, covariates, entry = NULL, strata = NULL, repeated = NULL) {
  d <- read.csv(sprintf("cox_%s.csv", name), stringsAsFactors = TRUE)
  for (v in intersect(c("ecog", "extent", "group", "size"), covariates)) d[[v]] <- factor(d[[v]])
  times <- if (is.null(repeated)) rep(1L, nrow(d)) else as.integer(rep_len(repeated, nrow(d)))
  whole <- d[rep(seq_len(nrow(d)), times), ]
  y <- if (is.null(entry)) Surv(whole$time, whole$event) else Surv(whole[[entry]], whole$time, whole$event)
  block <- if (is.null(strata)) rep(1, nrow(whole)) else whole[[strata]]
  X <- model.matrix(as.formula(paste("~", paste(covariates, collapse = " + "))), whole)[, -1, drop = FALSE]
  fit <- coxph(y ~ X + strata(block), control = tight)
  best <- fit$loglik[2]
  # With the coefficient at a value, over all others.
  height <- function(j, value) {
    if (ncol(X) == 1) {
      return(coxph(y ~ X + strata(block), init = value, control = coxph.control(iter.max = 0))$loglik[2])
    }
    rev(coxph(y ~ X[, -j, drop = FALSE] + offset(value * X[, j]) + strata(block), control = tight)$loglik)[1]
  }
  found <- lapply(seq_len(ncol(X)), function(j) {
    fall <- 2 * (best - height(j, 0))
    target <- best - qchisq(0.95, 1) / 2
    limits <- limits_of(function(value) height(j, value) - target, coef(fit)[j], sqrt(vcov(fit)[j, j]))
    list(estimate = unname(coef(fit)[j]), std_error = sqrt(vcov(fit)[j, j]), low = unname(limits[1]), high = unname(limits[2]),
         statistic = fall, p_value = pchisq(fall, 1, lower.tail = FALSE),
         p_wald = unname(2 * pnorm(-abs(coef(fit)[j]) / sqrt(vcov(fit)[j, j]))))
  })
  list(data = name, covariates = I(covariates), entry = entry, strata = strata, repeated = if (is.null(repeated)) NULL else I(times),
       terms = found)
}

# a of b exposed, c of d others.
table_2x2 <- function(a, b, c, d) {
  y <- c(a, c); n <- c(b, d); x <- c(1, 0)
  control <- glm.control(epsilon = 1e-14, maxit = 200)
  fit <- glm(cbind(y, n - y) ~ x, binomial, control = control)
  lik <- function(value) sum(dbinom(y, n, plogis(predict_at(value)), log = TRUE))
  predict_at <- function(value) {
    other <- glm(cbind(y, n - y) ~ 1, binomial, offset = value * x, control = control)
    coef(other)[1] + value * x
  }
  best <- sum(dbinom(y, n, fitted(fit), log = TRUE))
  target <- best - qchisq(0.95, 1) / 2
  limits <- limits_of(function(value) lik(value) - target, coef(fit)[2], sqrt(vcov(fit)[2, 2]))
  test <- anova(fit, test = "LRT")
  list(cells = c(a, b, c, d), estimate = unname(coef(fit)[2]), low = unname(limits[1]), high = unname(limits[2]),
       statistic = test$Deviance[2], p_value = test$`Pr(>Chi)`[2], p_wald = summary(fit)$coefficients[2, 4])
}

result <- list(
  cox = list(
    cox("lung", c("age", "sex", "ecog")),
    cox("veteran", c("trt", "celltype", "karno")),
    cox("ovarian", "rx"),
    cox("heart", c("age", "transplant"), entry = "entry"),
    cox("heart", "transplant", entry = "entry", strata = "surgery"),
    cox("bmt", c("group", "age"), strata = "hospital"),
    cox("ties", c("arm", "x")),
    cox("ties", c("arm", "x"), repeated = c(1, 2, 3)),
    cox("ties", "x", strata = "block", repeated = c(2, 1))
  ),
  tables = list(table_2x2(1, 30, 32, 157), table_2x2(2, 10, 9, 15), table_2x2(3, 40, 20, 60), table_2x2(5, 6, 1, 5)),
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival")))
)
write_json(result, "ratio_tests_reference.json", digits = I(17), auto_unbox = TRUE, null = "null", na = "null", pretty = TRUE)
