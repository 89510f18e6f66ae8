# Makes restricted_mean_reference.json: restricted means with standard errors, their differences and ratios, and
# differences between curves at fixed times, from the survival_<data set>.csv of make_survival_reference.R.
# Run in this folder:  Rscript make_restricted_mean_reference.R     (R >= 4.2 with survival, jsonlite)

suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, warn = 2)

read <- function(data, group, weight, entry) {
  d <- read.csv(sprintf("survival_%s.csv", data))
  d$g <- factor(if (is.null(group)) "everyone" else d[[group]])
  d$w <- if (is.null(weight)) 1 else as.numeric(d[[weight]])
  d <- d[d$w > 0, ]
  d$y <- if (is.null(entry)) Surv(d$time, d$event) else Surv(d[[entry]], d$time, d$event)
  d
}

mean_case <- function(data, group = NULL, weight = NULL, entry = NULL, horizon = NULL, conf_level = 0.95) {
  d <- read(data, group, weight, entry)
  fit <- survfit(y ~ g, d, weights = w)
  ends <- vapply(levels(d$g), function(l) {
    own <- if (nlevels(d$g) == 1) fit else fit[match(l, levels(d$g))]
    if (tail(own$surv, 1) > 0) max(own$time) else Inf
  }, 0)
  at <- if (!is.null(horizon)) horizon else if (all(is.infinite(ends))) max(fit$time) else min(ends)
  s <- matrix(summary(fit, rmean = at)$table, nrow = nlevels(d$g), dimnames = NULL)
  table <- summary(fit, rmean = at)$table
  names <- if (nlevels(d$g) == 1) names(table) else colnames(table)
  m <- s[, match("rmean", names)]; se <- s[, match("se(rmean)", names)]
  z <- qnorm((1 + conf_level) / 2)
  contrasts <- lapply(seq_along(m)[-1], function(i) {
    sd <- sqrt(se[i]^2 + se[1]^2); sr <- sqrt((se[i] / m[i])^2 + (se[1] / m[1])^2)
    delta <- m[i] - m[1]; ratio <- m[i] / m[1]
    list(group = levels(d$g)[i], difference = c(delta, sd, delta - z * sd, delta + z * sd),
         ratio = c(ratio, sr, ratio * exp(-z * sr), ratio * exp(z * sr)),
         p_difference = 2 * pnorm(-abs(delta / sd)), p_ratio = 2 * pnorm(-abs(log(ratio) / sr)))
  })
  list(data = data, group = group, weight = weight, entry = entry, given = horizon, horizon = at, conf_level = conf_level,
       groups = levels(d$g), mean = I(m), std_error = I(se), contrasts = contrasts)
}

means <- list(
  mean_case("lung", "sex"), mean_case("lung", "sex", horizon = 365.25), mean_case("lung", horizon = 500),
  mean_case("veteran", "celltype"), mean_case("veteran", "celltype", horizon = 180, conf_level = 0.9),
  mean_case("ovarian", "rx"), mean_case("ovarian", "rx", horizon = 400), mean_case("aml", "x"),
  mean_case("aml", "x", weight = "weight"), mean_case("aml", "x", weight = "weight", horizon = 30),
  mean_case("colon", "rx", weight = "weight", horizon = 1826), mean_case("myeloid", "trt", horizon = 1461),
  mean_case("larynx", "stage"), mean_case("noisy", "arm", weight = "weight"), mean_case("noisy", "arm", horizon = 2.05),
  mean_case("heart", "transplant", entry = "entry", horizon = 700), mean_case("channing", entry = "entry", horizon = 1050),
  mean_case("tongue", "type", horizon = 100), mean_case("dialysis", "type", horizon = 20))

number <- function(x) ifelse(is.finite(x), x, NA)

difference_case <- function(data, group, times, weight = NULL, conf_level = 0.95) {
  d <- read(data, group, weight, NULL)
  z <- qnorm((1 + conf_level) / 2)
  points <- lapply(levels(d$g), function(l) {
    fit <- survfit(y ~ 1, d[d$g == l, ], weights = w, conf.type = "log-log", conf.int = conf_level)
    at <- summary(fit, times = times)
    stopifnot(length(at$time) == length(times))
    low <- at$lower; high <- at$upper
    one <- at$surv == 1
    low[one] <- vapply(at$n.risk[one], function(n) binom.test(n, n, conf.level = conf_level)$conf.int[1], 0)
    high[one] <- 1
    list(s = at$surv, se = at$std.err, n = at$n.risk, low = low, high = high)
  })
  b <- points[[1]]
  pairs <- lapply(seq_along(points)[-1], function(i) {
    a <- points[[i]]
    delta <- a$s - b$s
    se <- sqrt(a$se^2 + b$se^2)
    score <- function(p) log(-log(p$s))
    v <- function(p) (p$se / (p$s * log(p$s)))^2
    chi <- suppressWarnings((score(a) - score(b))^2 / (v(a) + v(b)))
    list(group = levels(d$g)[i], difference = I(delta), std_error = I(se), n_risk = I(a$n), n_risk_reference = I(b$n),
         low = I(delta - sqrt((a$s - a$low)^2 + (b$high - b$s)^2)), high = I(delta + sqrt((a$high - a$s)^2 + (b$s - b$low)^2)),
         plain_low = I(pmax(delta - z * se, -1)), plain_high = I(pmin(delta + z * se, 1)), inside = I(a$s < 1 & b$s < 1),
         statistic = I(number(chi)), p_value = I(number(pchisq(chi, 1, lower.tail = FALSE))))
  })
  list(data = data, group = group, weight = weight, times = I(times), conf_level = conf_level, reference = levels(d$g)[1],
       pairs = pairs)
}

differences <- list(
  difference_case("lung", "sex", c(1, 180, 365, 700)), difference_case("veteran", "celltype", c(30, 90, 180)),
  difference_case("ovarian", "rx", c(50, 100, 268, 400), conf_level = 0.9), difference_case("aml", "x", c(6, 12, 24, 40)),
  difference_case("aml", "x", c(8, 12, 24, 40), weight = "weight"), difference_case("myeloid", "trt", c(365, 1096, 1826)),
  difference_case("colon", "rx", c(365, 1096, 1826), weight = "weight"), difference_case("larynx", "stage", c(1, 3)),
  difference_case("tongue", "type", c(12, 36, 60)))

write_json(list(means = means, differences = differences), "restricted_mean_reference.json", digits = NA, na = "null",
           null = "null", auto_unbox = TRUE)
