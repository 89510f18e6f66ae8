# Makes power_reference.json: variances of scores at no difference and detectable ratios, from survival_<data set>.csv,
# cox_<data set>.csv and logistic_<data set>.csv.
# Run in this folder:  Rscript make_power_reference.R     (R >= 4.2 with survival, jsonlite)

suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, warn = 1)
away <- function(power, alpha = 0.05) qnorm(1 - alpha / 2) + qnorm(power)

# The log-rank variance of each level beside the others: the inverse of the diagonal of the inverse.
beside <- function(v) 1 / diag(solve(v))

# Groups: the covariance of survdiff without its first row and column.
logrank_case <- function(data, group, weight = NULL, strata = NULL, power = 0.8) {
  d <- read.csv(sprintf("survival_%s.csv", data))
  if (!is.null(weight)) d <- d[rep(seq_len(nrow(d)), d[[weight]]), ]
  d$g <- factor(d[[group]]); d$z <- if (is.null(strata)) 1 else d[[strata]]
  # The formula is written out, as survdiff takes a stratum of one level for a group.
  fit <- if (is.null(strata)) survdiff(Surv(time, event) ~ g, d) else survdiff(Surv(time, event) ~ g + strata(z), d)
  information <- beside(fit$var[-1, -1, drop = FALSE])
  n <- as.vector(table(d$g)); n_event <- as.vector(tapply(d$event, d$g, sum))
  list(data = data, group = group, weight = weight, strata = strata, power = power, levels = I(levels(d$g)[-1]),
       information = I(information), low = I(exp(-away(power) / sqrt(information))),
       high = I(exp(away(power) / sqrt(information))), n = I(n[-1] + n[1]), n_event = I(n_event[-1] + n_event[1]))
}

# Several covariates, and rows with entry: the information of coxph at 0. Times are made distinct, since Breslow's and
# Efron's handling of ties have variances of their own there.
cox_case <- function(file, entry, covariates, strata = NULL) {
  d <- read.csv(file)
  d <- d[complete.cases(d[, covariates]), ]
  # Events of one time are put in order, everybody else at it stays at risk.
  o <- order(d$time, -d$event)
  d <- d[o, ]
  d$time <- d$time + seq_len(nrow(d)) * 1e-4
  d$y <- if (is.null(entry)) Surv(d$time, d$event) else Surv(d[[entry]], d$time, d$event)
  d$z <- if (is.null(strata)) 1 else d[[strata]]
  form <- as.formula(paste("y ~", paste(covariates, collapse = " + "), "+ strata(z)"))
  fit <- suppressWarnings(coxph(form, d, init = rep(0, length(coef(coxph(form, d)))),
                                control = coxph.control(iter.max = 0), ties = "breslow"))
  information <- 1 / diag(fit$var)
  list(file = file, entry = entry, covariates = I(covariates), strata = strata, names = I(names(coef(fit))),
       information = I(unname(information)), high = I(unname(exp(away(0.8) / sqrt(information)))))
}

# Two groups of one size: power.prop.test itself; the risk of both together is held.
equal_case <- function(n, risk, power, alpha = 0.05) {
  surplus <- function(half) power.prop.test(n, risk - half, risk + half, sig.level = alpha, tol = 1e-14)$power - power
  half <- uniroot(surplus, c(1e-9, min(risk, 1 - risk)), tol = 1e-15)$root
  one <- risk + half; other <- risk - half
  list(n = n, n_reference = n, n_event = 2 * n * risk, power = power, alpha = alpha,
       high = one / (1 - one) / (other / (1 - other)))
}

# Of different size: the score test's power written out, both directions.
unequal_case <- function(n, n_reference, n_event, power = 0.8, alpha = 0.05, kept = 1) {
  total <- n + n_reference; risk <- n_event / total
  side <- function(sign) {
    largest <- if (sign > 0) min((1 - risk) * total / n_reference, risk * total / n)
               else min((1 - risk) * total / n, risk * total / n_reference)
    risks <- function(d) c(risk + sign * d * n_reference / total, risk - sign * d * n / total)
    surplus <- function(d) {
      p <- risks(d)
      pnorm((d - qnorm(1 - alpha / 2) * sqrt(risk * (1 - risk) * total / (n * n_reference * kept))) /
            sqrt(p[1] * (1 - p[1]) / n / kept + p[2] * (1 - p[2]) / n_reference / kept)) - power
    }
    if (!is.finite(surplus(largest)) || surplus(largest) <= 0) return(NULL)
    p <- risks(uniroot(surplus, c(0, largest), tol = 1e-15)$root)
    p[1] / (1 - p[1]) / (p[2] / (1 - p[2]))
  }
  list(n = n, n_reference = n_reference, n_event = n_event, power = power, alpha = alpha, kept = kept,
       low = side(-1), high = side(1))
}

# A logistic model: what other covariates leave of a column is 1 - R2 of a linear model of it on them.
logistic_case <- function(data, outcome, covariates) {
  d <- read.csv(sprintf("logistic_%s.csv", data)); d$y <- as.numeric(d[[outcome]])
  for (name in covariates) if (is.character(d[[name]]) || name == "race") d[[name]] <- factor(d[[name]])
  x <- model.matrix(as.formula(paste("~", paste(covariates, collapse = "+"))), d)[, -1, drop = FALSE]
  risk <- mean(d$y)
  inflation <- sapply(seq_len(ncol(x)), function(j)
    if (ncol(x) == 1) 1 else 1 - summary(lm(x[, j] ~ x[, -j]))$r.squared)
  spread <- apply(x, 2, function(v) sum((v - mean(v))^2))
  list(data = data, outcome = outcome, covariates = I(covariates), names = I(colnames(x)), kept = I(unname(inflation)),
       spread = I(unname(spread)), information = I(unname(risk * (1 - risk) * spread * inflation)),
       high = I(unname(exp(away(0.8) / sqrt(risk * (1 - risk) * spread * inflation)))))
}

write_json(list(
  r = R.version.string, survival = as.character(packageVersion("survival")),
  logrank = list(logrank_case("veteran", "trt"), logrank_case("veteran", "celltype", power = 0.9),
                 logrank_case("colon", "rx", strata = "sex"), logrank_case("noisy", "arm", weight = "weight"),
                 logrank_case("myeloid", "trt", strata = "sex"), logrank_case("larynx", "stage")),
  cox = list(cox_case("cox_veteran.csv", NULL, c("trt", "karno", "age")),
             cox_case("cox_veteran.csv", NULL, c("trt", "karno"), "celltype"),
             cox_case("cox_heart.csv", "entry", c("transplant")),
             cox_case("cox_heart.csv", "entry", c("transplant", "surgery", "age"))),
  equal = list(equal_case(50, 0.5, 0.8), equal_case(40, 0.3, 0.9), equal_case(200, 0.1, 0.8),
               equal_case(35, 0.6, 0.8, 0.01)),
  unequal = list(unequal_case(20, 80, 30), unequal_case(80, 20, 30), unequal_case(12, 200, 40),
                 unequal_case(60, 45, 20, 0.9), unequal_case(60, 45, 70, kept = 0.6), unequal_case(5, 60, 3),
                 unequal_case(2, 30, 1), unequal_case(4, 100, 95)),
  logistic = list(logistic_case("birthwt", "low", c("smoke")), logistic_case("birthwt", "low", c("smoke", "lwt", "race")),
                  logistic_case("birthwt", "low", c("age", "lwt", "ui"))),
  power_prop_test = list(p1 = 0.5, p2 = 0.75, n = 50, power = power.prop.test(50, 0.5, 0.75)$power)),
  "power_reference.json", digits = NA, na = "null", null = "null", auto_unbox = TRUE)
