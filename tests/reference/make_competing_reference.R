# Makes competing_reference.json and competing_<data set>.csv: cumulative incidence curves with limits and values at given
# times, Gray's tests, and Fine-Gray models with the variances of cmprsk.
# Run in this folder:  Rscript make_competing_reference.R     (R >= 4.2 with survival, cmprsk, KMsurv, mets, jsonlite)

suppressPackageStartupMessages({library(survival); library(cmprsk); library(KMsurv); library(jsonlite)})
options(digits = 17, warn = 1)

data_sets <- list()
keep <- function(name, d) {
  d <- as.data.frame(lapply(d, function(x) if (is.factor(x)) as.character(x) else x))
  data_sets[[name]] <<- d[stats::complete.cases(d), , drop = FALSE]
}

# Progression before death; the months in which both happen count as progression.
keep("mgus2", with(mgus2, data.frame(time = ifelse(pstat == 0, futime, ptime), cause = ifelse(pstat == 0, 2 * death, 1),
                                     sex, age, hgb, decade = floor(dxyr / 10) * 10)))
keep("transplant", with(transplant, data.frame(time = futime, cause = c(0, 2, 1, 3)[as.integer(event)], sex, abo, age)))
data(bmt, package = "KMsurv")
keep("bmt", with(bmt, data.frame(time = t2, cause = ifelse(d2 == 1, 1, 2 * d1), group,
                                 age = z1, donor = z2, fab = z8, hospital = z9, waiting = z7)))
keep("pbc", with(pbc, data.frame(time, cause = c(0, 1, 2)[status + 1], sex, stage,
                               edema = c("none", "treated", "persistent")[1 + 2 * edema], age, bili = log(bili))))
data(bmt, package = "mets")
keep("tcell", with(bmt, data.frame(time, cause, platelet, tcell, age)))

# Few distinct times, all kinds of event at most of them, times from 0 on, and delayed entry.
set.seed(8)
k <- 160
keep("ties", data.frame(time = sample(0:8, k, replace = TRUE), cause = sample(0:2, k, replace = TRUE, prob = c(0.3, 0.4, 0.3)),
                        arm = sample(c("a", "b", "c"), k, replace = TRUE), clinic = sample(1:3, k, replace = TRUE),
                        dose = round(rnorm(k), 2), weight = sample(0:4, k, replace = TRUE)))
entered <- sample(0:6, k, replace = TRUE)
keep("late", data.frame(entry = entered, time = entered + sample(1:9, k, replace = TRUE),
                        cause = sample(0:2, k, replace = TRUE), arm = sample(c("a", "b"), k, replace = TRUE)))
keep("twelve", data.frame(time = c(1, 2, 2, 3, 4, 4, 5, 6, 7, 7, 9, 12), cause = c(1, 1, 2, 0, 1, 0, 2, 1, 0, 2, 1, 0),
                          arm = rep(c("a", "b"), 6)))

for (name in names(data_sets)) {
  d <- data_sets[[name]]
  for (column in names(d)) if (is.numeric(d[[column]])) d[[column]] <- sub("^ +", "", formatC(d[[column]], digits = 17, format = "g"))
  write.csv(d, sprintf("competing_%s.csv", name), row.names = FALSE, quote = FALSE)
}

number <- function(x) ifelse(is.finite(x), x, NA)
expanded <- function(data, weight) {
  d <- data_sets[[data]]
  if (is.null(weight)) d else d[rep(seq_len(nrow(d)), d[[weight]]), ]
}

# Aalen-Johansen curves. With delayed entry survfit's variance is another (its jackknife of rows that enter late), so the
# covariance of the two-state vector (event-free, incidence) is carried on from time to time here, and checked
# against survfit where nobody enters late.

carried <- function(fit_time, n, d, dk) {
  S <- 1; Fk <- 0; V <- matrix(0, 2, 2); out <- numeric(0)
  for (j in seq_along(fit_time)) {
    M <- matrix(c(1 - d[j] / n[j], dk[j] / n[j], 0, 1), 2, 2)
    p <- d[j] / n[j]; pk <- dk[j] / n[j]
    W <- S^2 / n[j] * matrix(c(p * (1 - p), -pk * (1 - p), -pk * (1 - p), pk * (1 - pk)), 2, 2)
    V <- M %*% V %*% t(M) + W
    Fk <- Fk + S * pk; S <- S * (1 - p)
    out[j] <- sqrt(max(V[2, 2], 0))
  }
  out
}

curve_case <- function(data, group = NULL, entry = NULL, weight = NULL, conf_type = "log-log", conf_level = 0.95) {
  d <- expanded(data, weight)
  K <- max(d$cause)
  g <- if (is.null(group)) rep("everyone", nrow(d)) else as.character(d[[group]])
  status <- factor(d$cause, 0:K)
  curves <- list()
  for (label in sort(unique(g))) {
    rows <- g == label
    s <- status[rows]
    y <- if (is.null(entry)) Surv(d$time[rows], s) else Surv(d[[entry]][rows], d$time[rows], s)
    row_id <- seq_len(sum(rows))
    fit <- survfit(y ~ 1, id = row_id, conf.type = conf_type, conf.int = conf_level)
    seen <- fit$time %in% d$time[rows]
    n <- fit$n.risk[seen, 1]
    events <- matrix(fit$n.event, nrow = length(fit$time))[seen, , drop = FALSE]
    for (k in seq_len(K)) {
      column <- which(fit$states == as.character(k))
      estimate <- fit$pstate[seen, column]
      std_error <- carried(fit$time[seen], n, rowSums(events), events[, column])
      out <- list(group = label, cause = as.character(k), n = sum(rows), time = fit$time[seen], n_risk = n,
                  n_event = events[, column], estimate = estimate)
      if (is.null(entry)) {
        stopifnot(isTRUE(all.equal(fit$std.err[seen, column], std_error, tolerance = 1e-10)))
        at <- sort(unique(c(fit$time[1], unname(quantile(fit$time, c(0.2, 0.5, 0.8), type = 1)), mean(fit$time))))
        s_at <- summary(fit, times = at)
        out <- c(out, list(std_error = fit$std.err[seen, column], low = number(fit$lower[seen, column]),
                           high = number(fit$upper[seen, column]),
                           at = list(times = at, n_risk = s_at$n.risk[, 1], estimate = s_at$pstate[, column],
                                     std_error = s_at$std.err[, column])))
      } else out <- c(out, list(std_error = std_error))
      curves[[length(curves) + 1]] <- out
    }
  }
  list(data = data, group = group, entry = entry, weight = weight, conf_type = conf_type, conf_level = conf_level,
       curves = curves)
}

cases <- list()
for (conf_type in c("log-log", "log", "plain"))
  for (a in list(list("bmt", "group"), list("ties", "arm"), list("twelve")))
    cases[[length(cases) + 1]] <- do.call(curve_case, c(a, conf_type = conf_type))
cases[[length(cases) + 1]] <- curve_case("pbc", "sex")
cases[[length(cases) + 1]] <- curve_case("tcell", "tcell")
cases[[length(cases) + 1]] <- curve_case("transplant", "abo", conf_level = 0.9)
cases[[length(cases) + 1]] <- curve_case("mgus2", "sex", conf_type = "log")
cases[[length(cases) + 1]] <- curve_case("ties", "arm", weight = "weight")
cases[[length(cases) + 1]] <- curve_case("late", "arm", entry = "entry")
cases[[length(cases) + 1]] <- curve_case("late", entry = "entry")

# Gray's tests

test_case <- function(data, group, strata = NULL, rho = 0, weight = NULL) {
  d <- expanded(data, weight)
  fit <- if (is.null(strata)) cuminc(d$time, d$cause, d[[group]], rho = rho) else
    cuminc(d$time, d$cause, d[[group]], d[[strata]], rho = rho)
  list(data = data, group = group, strata = strata, rho = rho, weight = weight, groups = levels(factor(d[[group]])),
       causes = as.integer(rownames(fit$Tests)), statistic = fit$Tests[, "stat"], df = fit$Tests[, "df"],
       p_value = pchisq(fit$Tests[, "stat"], fit$Tests[, "df"], lower.tail = FALSE))
}

tests <- list()
for (a in list(list("bmt", "group"), list("bmt", "group", "hospital"), list("bmt", "fab", "group"), list("pbc", "sex"),
               list("pbc", "stage"), list("pbc", "edema", "sex"), list("tcell", "tcell"), list("tcell", "platelet", "tcell"),
               list("transplant", "abo"), list("transplant", "sex", "abo"), list("mgus2", "sex"),
               list("mgus2", "decade", "sex"), list("ties", "arm"), list("ties", "arm", "clinic"), list("ties", "clinic"),
               list("ties", "arm", weight = "weight"), list("ties", "clinic", "arm", weight = "weight"),
               list("twelve", "arm")))
  for (rho in c(0, 1, -0.5)) tests[[length(tests) + 1]] <- do.call(test_case, c(a, rho = rho))

# Fine-Gray models

model_case <- function(data, terms, of = 1, censoring = NULL, weight = NULL) {
  d <- expanded(data, weight)
  x <- model.matrix(as.formula(paste("~", paste(terms, collapse = "+"))), d)[, -1, drop = FALSE]
  arguments <- list(d$time, d$cause, x, failcode = of, gtol = 1e-13, maxiter = 60)
  if (!is.null(censoring)) arguments$cengroup <- d[[censoring]]
  fit <- do.call(crr, arguments)
  list(data = data, terms = terms, of = of, censoring = censoring, weight = weight, columns = colnames(x),
       coefficient = unname(fit$coef), variance = unname(fit$var), log_likelihood = fit$loglik,
       log_likelihood_null = fit$loglik.null)
}

models <- list(
  model_case("bmt", c("factor(group)", "age")), model_case("bmt", c("factor(group)", "fab", "waiting"), of = 2),
  model_case("bmt", c("factor(group)"), censoring = "hospital"), model_case("pbc", c("sex", "age", "bili")),
  model_case("pbc", c("sex", "age", "bili"), of = 2), model_case("pbc", c("factor(stage)"), of = 2, censoring = "sex"),
  model_case("tcell", c("platelet", "tcell", "age")), model_case("tcell", c("platelet", "age"), of = 2, censoring = "tcell"),
  model_case("mgus2", c("sex", "age", "hgb")), model_case("mgus2", c("sex", "age"), of = 2),
  model_case("transplant", c("abo", "age")), model_case("transplant", c("sex", "age"), of = 3),
  model_case("ties", c("arm", "dose")), model_case("ties", c("arm", "dose"), of = 2),
  model_case("ties", c("arm", "dose"), censoring = "clinic"), model_case("ties", c("arm", "dose"), weight = "weight"),
  model_case("ties", c("arm"), of = 2, censoring = "arm", weight = "weight"), model_case("twelve", c("arm")),
  model_case("twelve", c("arm"), of = 2))

# A level without events of the cause: crr's coefficient for it runs away, the others come to rest.

separated <- data_sets[["bmt"]]
separated$cause[separated$group == 2 & separated$cause == 1] <- 2
x <- model.matrix(~ factor(group) + age + fab, separated)[, -1]
fit <- suppressWarnings(crr(separated$time, separated$cause, x, gtol = 1e-10, maxiter = 25))
limit <- list(columns = c("factor(group)3", "age", "fab"), coefficient = unname(fit$coef[-1]),
              std_error = sqrt(diag(fit$var))[-1], runaway = unname(fit$coef[1]), log_likelihood = fit$loglik)

write_json(list(curves = cases, tests = lapply(tests, function(t) lapply(t, unname)), models = models, limit = limit),
           "competing_reference.json", digits = NA, na = "null", null = "null", auto_unbox = TRUE)
