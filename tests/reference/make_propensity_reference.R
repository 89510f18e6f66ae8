# Makes propensity_reference.json: propensity scores, weights, standardised differences, and weighted Kaplan-Meier
# curves with robust standard errors. Uses logistic_birthwt.csv, logistic_lung.csv and survival_<data set>.csv.
# Run in this folder:  Rscript make_propensity_reference.R     (R >= 4.2 with survival, jsonlite)

suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, warn = 1)

score_case <- function(file, treated, covariates, factors, weight = NULL) {
  d <- read.csv(file)
  if (is.character(d[[treated]])) d[[treated]] <- as.numeric(d[[treated]] == "yes")
  stopifnot(all(d[[treated]] %in% 0:1))
  for (f in factors) d[[f]] <- factor(d[[f]])
  d$n <- if (is.null(weight)) 1 else rep_len(weight, nrow(d))
  long <- d[rep(seq_len(nrow(d)), d$n), ]
  fit <- glm(reformulate(covariates, treated), binomial, long, control = glm.control(epsilon = 1e-15, maxit = 100))
  e <- fitted(fit); t <- long[[treated]]; P <- mean(t)
  weights <- list(ate = ifelse(t == 1, P / e, (1 - P) / (1 - e)), att = ifelse(t == 1, 1, e / (1 - e)),
                  overlap = ifelse(t == 1, 1 - e, e))
  columns <- do.call(c, lapply(covariates, function(v) {
    if (v %in% factors) setNames(lapply(levels(long[[v]]), function(l) as.numeric(long[[v]] == l)),
                                 paste0(v, "|", levels(long[[v]]))) else setNames(list(long[[v]]), paste0(v, "|"))
  }))
  spread <- vapply(names(columns), function(k) {
    x <- columns[[k]]
    s <- function(a) if (endsWith(k, "|")) var(x[t == a]) else mean(x[t == a]) * (1 - mean(x[t == a]))
    sqrt((s(1) + s(0)) / 2)
  }, 0)
  difference <- function(w) vapply(columns, function(x) weighted.mean(x[t == 1], w[t == 1]) - weighted.mean(x[t == 0], w[t == 0]), 0)
  low <- max(min(e[t == 1]), min(e[t == 0])); high <- min(max(e[t == 1]), max(e[t == 0]))
  kish <- function(w) sum(w)^2 / sum(w^2)
  first <- !duplicated(rep(seq_len(nrow(d)), d$n))
  list(file = file, treated = treated, covariates = I(covariates), factors = I(factors), weight = d$n, scores = unname(e[first]),
       n_parameters = length(coef(fit)) - 1, terms = names(columns), smd_before = unname(difference(rep(1, length(t))) / spread),
       support = c(low, high), outside = mean(e < low - 1e-9 | e > high + 1e-9),
       estimands = lapply(weights, function(w) list(weights = unname(w[first]), smd_after = unname(difference(w) / spread),
         effective_n = c(kish(w[t == 1]), kish(w[t == 0])), largest = c(max(w[t == 1]) / sum(w[t == 1]), max(w[t == 0]) / sum(w[t == 0])))))
}

scores <- list(
  score_case("logistic_birthwt.csv", "smoke", c("age", "lwt", "race", "ht"), c("race", "ht")),
  score_case("logistic_birthwt.csv", "smoke", c("age", "race", "ui"), c("race", "ui"), weight = c(2, 1, 3)),
  score_case("survival_colon.csv", "sex", c("extent", "weight"), "extent"))

number <- function(x) ifelse(is.finite(x), x, NA)

curve_case <- function(data, group, conf_type, weight = NULL, entry = NULL, conf_level = 0.95) {
  d <- read.csv(sprintf("survival_%s.csv", data))
  d$share <- round(0.3 + ((seq_len(nrow(d)) * 37) %% 101) / 40, 3)
  d$n <- if (is.null(weight)) 1 else d[[weight]]
  share <- d$share
  d <- d[rep(seq_len(nrow(d)), d$n), ]
  d$id <- seq_len(nrow(d))
  d$g <- factor(d[[group]])
  d$y <- if (is.null(entry)) Surv(d$time, d$event) else Surv(d[[entry]], d$time, d$event)
  curves <- lapply(levels(d$g), function(l) {
    own <- d[d$g == l, ]
    fit <- survfit(y ~ 1, own, weights = share, robust = TRUE, id = id, conf.type = conf_type, conf.int = conf_level)
    stopifnot(!fit$logse)
    plain <- survfit(y ~ 1, own)
    over <- fit$surv < 1e-12
    blank <- function(x) number(ifelse(over, NA, x))
    q <- quantile(fit, probs = 0.5)
    list(group = l, time = fit$time, n_risk = plain$n.risk, n_event = plain$n.event, estimate = ifelse(over, 0, fit$surv),
         std_error = I(blank(fit$std.err)), low = I(blank(fit$lower)), high = I(blank(fit$upper)),
         median = number(unname(q$quantile)))
  })
  list(data = data, group = group, conf_type = conf_type, weight = weight, entry = entry, conf_level = conf_level, share = share,
       curves = curves)
}

curves <- list(
  curve_case("aml", "x", "log-log"), curve_case("aml", "x", "log", weight = "weight"), curve_case("aml", "x", "plain", conf_level = 0.9),
  curve_case("ovarian", "rx", "log-log"), curve_case("veteran", "celltype", "log-log"), curve_case("noisy", "arm", "log-log"),
  curve_case("heart", "transplant", "log-log", entry = "entry"), curve_case("tongue", "type", "log"),
  curve_case("small", "case", "log-log"))

write_json(list(scores = scores, curves = curves), "propensity_reference.json", digits = NA, na = "null", null = "null", auto_unbox = TRUE)
