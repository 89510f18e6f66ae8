# Makes survival_reference.json, logrank_reference.json and survival_<data set>.csv: Kaplan-Meier curves with limits,
# quantiles and values at given times, follow-up, intervals of a proportion, and log-rank tests of all kinds.
# Run in this folder:  Rscript make_survival_reference.R     (R >= 4.2 with survival, KMsurv, jsonlite)

suppressPackageStartupMessages({library(survival); library(KMsurv); library(jsonlite)})
options(digits = 17, warn = 1)

data_sets <- list()
keep <- function(name, d) {
  d <- as.data.frame(lapply(d, function(x) if (is.factor(x)) as.character(x) else x))
  data_sets[[name]] <<- d[stats::complete.cases(d), , drop = FALSE]
}

keep("lung", data.frame(time = lung$time, event = lung$status - 1, sex = lung$sex, ecog = lung$ph.ecog,
                        institution = lung$inst))
keep("veteran", with(veteran, data.frame(time, event = status, trt, celltype, prior)))
keep("ovarian", with(ovarian, data.frame(time = futime, event = fustat, rx, resid = resid.ds)))
keep("aml", with(aml, data.frame(time, event = status, x = x, weight = rep_len(c(2, 1, 5, 3, 1, 4), nrow(aml)))))
deaths <- subset(colon, etype == 2)
keep("colon", data.frame(time = deaths$time, event = deaths$status, rx = deaths$rx, extent = deaths$extent,
                         sex = deaths$sex, weight = 1 + deaths$nodes %% 4))
keep("myeloid", with(myeloid, data.frame(time = futime, event = death, trt, sex)))
keep("heart", with(heart, data.frame(entry = start, time = stop, event, transplant, surgery)))
data(kidney, package = "KMsurv"); dialysis <- kidney
keep("dialysis", with(dialysis, data.frame(time, event = delta, type)))
data(larynx, package = "KMsurv")
keep("larynx", with(larynx, data.frame(time, event = delta, stage, old = as.integer(age > 65))))
data(channing, package = "KMsurv")
channing <- subset(channing, age > ageentry)
keep("channing", with(channing, data.frame(entry = ageentry, time = age, event = death, gender)))
data(tongue, package = "KMsurv")
keep("tongue", with(tongue, data.frame(time, event = delta, type)))

# Sums of tenths that differ in the last digits only, ties, an event at time 0, and curves that run level at a quantile.
set.seed(20)
tenths <- function(k) vapply(k, function(i) sum(rep(0.1, i)), 0)
k <- sample(0:30, 90, replace = TRUE)
keep("noisy", data.frame(time = ifelse(runif(90) < 0.5, tenths(k), k / 10), event = rbinom(90, 1, 0.6),
                         arm = sample(c("a", "b", "c"), 90, replace = TRUE), weight = sample(0:3, 90, replace = TRUE),
                         clinic = sample(1:3, 90, replace = TRUE)))
level <- data.frame(time = c(1:6, 1:4, 1:4, 1:4, 1:7), event = c(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 1, 0, 1,
                                                              0, 1, 1, 1, 0, 1, 0), case = rep(1:5, c(6, 4, 4, 4, 7)))
keep("level", level)
keep("small", data.frame(time = c(3, 3, 1, 2, 1, 2, 5, 5, 0, 4, 4, 4),
                         event = c(1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0),
                         case = c("one event", "one censored", "two events", "two events", "two censored",
                                  "two censored", "tie", "tie", "at zero", "at zero", "late", "late")))

for (name in names(data_sets)) {
  d <- data_sets[[name]]
  for (column in names(d)) if (is.numeric(d[[column]])) d[[column]] <- sub("^ +", "", formatC(d[[column]], digits = 17, format = "g"))
  write.csv(d, sprintf("survival_%s.csv", name), row.names = FALSE, quote = FALSE)
}

# Kaplan-Meier

number <- function(x) ifelse(is.finite(x), x, NA)
probabilities <- c(0.1, 0.25, 0.5, 0.6, 0.75, 0.9)

describe_curve <- function(fit, label) {
  times <- sort(unique(c(0, fit$time[1] / 2, fit$time[1], unname(stats::quantile(fit$time, c(0.2, 0.5, 0.8), type = 1)),
                         mean(fit$time), max(fit$time))))
  at <- summary(fit, times = times)
  q <- quantile(fit, probs = probabilities)
  list(group = label, n = sum(fit$n.censor) + sum(fit$n.event), time = fit$time, n_risk = fit$n.risk, n_event = fit$n.event,
       n_censor = fit$n.censor, estimate = fit$surv, std_error = number(fit$std.err * fit$surv),
       low = number(fit$lower), high = number(fit$upper),
       quantile = list(q = probabilities, value = number(as.vector(q$quantile)), low = number(as.vector(q$lower)),
                       high = number(as.vector(q$upper))),
       at = list(times = at$time, n_risk = at$n.risk, estimate = at$surv, std_error = number(at$std.err),
                 low = number(at$lower), high = number(at$upper)))
}

curve_case <- function(data, group = NULL, weight = NULL, entry = NULL, conf_type = "log-log", conf_level = 0.95) {
  d <- data_sets[[data]]
  if (!is.null(weight)) d <- d[d[[weight]] > 0, ]
  y <- if (is.null(entry)) Surv(d$time, d$event) else Surv(d[[entry]], d$time, d$event)
  w <- if (is.null(weight)) rep(1, nrow(d)) else as.numeric(d[[weight]])
  g <- if (is.null(group)) factor(rep("everyone", nrow(d))) else factor(d[[group]])
  fit <- survfit(y ~ g, weights = w, conf.type = conf_type, conf.int = conf_level)
  curves <- if (nlevels(g) == 1) list(describe_curve(fit, levels(g))) else
    lapply(seq_len(nlevels(g)), function(i) describe_curve(fit[i], levels(g)[i]))
  list(data = data, group = group, weight = weight, entry = entry, conf_type = conf_type, conf_level = conf_level,
       curves = curves)
}

cases <- list()
for (conf_type in c("log-log", "log", "plain")) {
  for (a in list(list("lung", "sex"), list("veteran", "celltype"), list("ovarian", "rx"), list("aml", "x"),
                 list("level", "case"), list("small", "case"), list("tongue", "type"),
                 list("aml", "x", weight = "weight"), list("noisy", "arm"), list("noisy", "arm", weight = "weight"),
                 list("heart", "transplant", entry = "entry"), list("channing", "gender", entry = "entry")))
    cases[[length(cases) + 1]] <- do.call(curve_case, c(a, conf_type = conf_type))
}
cases[[length(cases) + 1]] <- curve_case("lung", conf_level = 0.9)
cases[[length(cases) + 1]] <- curve_case("lung", "ecog", conf_level = 0.99, conf_type = "log")
cases[[length(cases) + 1]] <- curve_case("colon", "rx", weight = "weight")
cases[[length(cases) + 1]] <- curve_case("myeloid", "trt")
cases[[length(cases) + 1]] <- curve_case("larynx", "stage")
cases[[length(cases) + 1]] <- curve_case("dialysis", "type", conf_type = "plain")

follow <- lapply(c("lung", "veteran", "ovarian", "aml", "colon", "myeloid", "noisy"), function(name) {
  d <- data_sets[[name]]
  q <- quantile(survfit(Surv(d$time, 1 - d$event) ~ 1, conf.type = "log-log"), probs = c(0.25, 0.5))
  list(data = name, value = number(q$quantile[[2]]), low = number(q$lower[[2]]), high = number(q$upper[[2]]))
})

proportions <- list()
for (a in list(c(0, 12), c(12, 12), c(1, 2), c(3, 64), c(19, 64), c(1, 1), c(0, 1), c(200, 436))) for (level in c(0.9, 0.95)) {
  exact <- binom.test(a[1], a[2], conf.level = level)$conf.int
  score <- suppressWarnings(prop.test(a[1], a[2], conf.level = level, correct = FALSE)$conf.int)
  one_sided <- if (a[1] == 0) binom.test(0, a[2], conf.level = level, alternative = "less")$conf.int[2] else NA
  proportions[[length(proportions) + 1]] <- list(n_event = a[1], n = a[2], conf_level = level,
    clopper_pearson = as.vector(exact), wilson = as.vector(score), one_sided = one_sided)
}

write_json(list(curves = cases, follow_up = follow, proportions = proportions), "survival_reference.json",
           digits = NA, na = "null", null = "null", auto_unbox = TRUE)

# Log-rank: survdiff where it can, otherwise the sums over event times written out here and checked against survdiff

weighted_test <- function(time, event, group, strata, weigh) {
  g <- levels(group); K <- length(g); u <- numeric(K); o <- numeric(K); e <- numeric(K); V <- matrix(0, K, K)
  for (s in unique(strata)) {
    S <- 1; S_tilde <- 1
    for (t in sort(unique(time[strata == s & event == 1]))) {
      at_risk <- strata == s & time >= t
      n_k <- as.vector(table(group[at_risk])); d_k <- as.vector(table(group[at_risk & time == t & event == 1]))
      n <- sum(n_k); d <- sum(d_k)
      S_tilde <- S_tilde * (1 - d / (n + 1))
      w <- weigh(S_before = S, S_tilde = S_tilde, n = n)
      o <- o + w * d_k; e <- e + w * d * n_k / n
      if (n > 1) V <- V + w^2 * d * (n - d) / (n - 1) * (diag(n_k / n, K) - outer(n_k, n_k) / n^2)
      S <- S * (1 - d / n)
    }
  }
  u <- (o - e)[-1]
  chi <- sum(u * solve(V[-1, -1, drop = FALSE], u))
  list(statistic = chi, df = K - 1, p_value = pchisq(chi, K - 1, lower.tail = FALSE), observed = o, expected = e, var = V)
}

weighings <- list(
  list("logrank", 0, 0, function(S_before, S_tilde, n) 1),
  list("peto", 0, 0, function(S_before, S_tilde, n) S_tilde),
  list("tarone-ware", 0, 0, function(S_before, S_tilde, n) sqrt(n)),
  list("fleming-harrington", 1, 0, function(S_before, S_tilde, n) S_before),
  list("fleming-harrington", 0, 1, function(S_before, S_tilde, n) 1 - S_before),
  list("fleming-harrington", 1, 1, function(S_before, S_tilde, n) S_before * (1 - S_before)),
  list("fleming-harrington", 0.5, 2, function(S_before, S_tilde, n) S_before^0.5 * (1 - S_before)^2))

expanded <- function(data, weight) {
  d <- data_sets[[data]]
  d$time <- aeqSurv(Surv(d$time, d$event))[, 1]
  if (is.null(weight)) d else d[rep(seq_len(nrow(d)), d[[weight]]), ]
}

from_survdiff <- function(time, event, group, strata, rho) {
  d <- data.frame(time, event, group = droplevels(group), strata)
  fit <- if (length(unique(strata)) > 1) survdiff(Surv(time, event) ~ group + strata(strata), d, rho = rho) else
    survdiff(Surv(time, event) ~ group, d, rho = rho)
  total <- function(x) if (is.matrix(x)) rowSums(x) else x
  list(statistic = fit$chisq, df = sum(total(fit$exp) > 0) - 1, p_value = fit$pvalue, observed = total(fit$obs),
       expected = total(fit$exp), var = fit$var)
}

test_case <- function(data, group, weight = NULL, strata = NULL) {
  d <- expanded(data, weight)
  g <- factor(d[[group]])
  s <- if (is.null(strata)) rep(1, nrow(d)) else d[[strata]]
  tests <- lapply(weighings, function(a) {
    by_hand <- weighted_test(d$time, d$event, g, s, a[[4]])
    fit <- by_hand
    if (a[[3]] == 0 && (a[[1]] == "logrank" || a[[1]] == "fleming-harrington")) {
      fit <- from_survdiff(d$time, d$event, g, s, a[[2]])
      stopifnot(isTRUE(all.equal(fit$statistic, by_hand$statistic, tolerance = 1e-11)),
                isTRUE(all.equal(unname(fit$var), by_hand$var, tolerance = 1e-11)))
    }
    list(weighting = a[[1]], rho = a[[2]], gamma = a[[3]], statistic = fit$statistic, df = fit$df, p_value = fit$p_value,
         observed = as.vector(fit$observed), expected = as.vector(fit$expected))
  })
  plain <- from_survdiff(d$time, d$event, g, s, 0)
  scores <- list(seq_len(nlevels(g)) - 1, (seq_len(nlevels(g)))^2)
  trend <- lapply(scores, function(z) {
    statistic <- sum(z * (plain$observed - plain$expected))^2 / drop(z %*% plain$var %*% z)
    # The score test of a Cox model with discrete ties is the same by another road.
    if (is.null(weight)) {
      number <- z[as.integer(g)]
      cox <- coxph(Surv(d$time, d$event) ~ number + strata(s), ties = "exact")
      stopifnot(isTRUE(all.equal(unname(cox$score), statistic, tolerance = 1e-7)))
    }
    list(scores = z, statistic = statistic, p_value = pchisq(statistic, 1, lower.tail = FALSE))
  })
  pairs <- combn(levels(g), 2, simplify = FALSE)
  pair_tests <- lapply(pairs, function(p) {
    rows <- g %in% p
    from_survdiff(d$time[rows], d$event[rows], g[rows], s[rows], 0)
  })
  p <- vapply(pair_tests, function(x) x$p_value, 0)
  pairwise <- list(group_a = vapply(pairs, `[`, "", 1), group_b = vapply(pairs, `[`, "", 2),
                   statistic = vapply(pair_tests, function(x) x$statistic, 0), p_value = p,
                   holm = p.adjust(p, "holm"), bh = p.adjust(p, "BH"))
  list(data = data, group = group, weight = weight, strata = strata, groups = levels(g), n = as.vector(table(g)),
       tests = tests, trend = trend, pairwise = lapply(pairwise, I))
}

tests <- list(
  test_case("lung", "sex"), test_case("lung", "sex", strata = "ecog"), test_case("lung", "ecog", strata = "institution"),
  test_case("veteran", "celltype"), test_case("veteran", "celltype", strata = "trt"), test_case("veteran", "trt"),
  test_case("ovarian", "rx"), test_case("ovarian", "rx", strata = "resid"), test_case("aml", "x"),
  test_case("aml", "x", weight = "weight"), test_case("colon", "rx"), test_case("colon", "rx", weight = "weight", strata = "sex"),
  test_case("colon", "extent"), test_case("myeloid", "trt", strata = "sex"), test_case("dialysis", "type"),
  test_case("larynx", "stage"), test_case("larynx", "stage", strata = "old"), test_case("tongue", "type"),
  test_case("noisy", "arm"), test_case("noisy", "arm", weight = "weight", strata = "clinic"))

write_json(tests, "logrank_reference.json", digits = NA, na = "null", null = "null", auto_unbox = TRUE)
