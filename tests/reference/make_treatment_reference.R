# Makes treatment_reference.json and treatment_<data set>.csv: patients who change treatment during follow-up. Counting-process
# rows, curves with switching risk sets, the test of Mantel & Byar, Cox models with time-dependent treatment, the naive
# ever/never comparison and landmark analyses.
# Run in this folder:  Rscript make_treatment_reference.R     (R >= 4.2 with survival, KMsurv, jsonlite)

suppressPackageStartupMessages({library(survival); library(KMsurv); library(jsonlite)})
options(digits = 17, warn = 1)
control <- coxph.control(eps = 1e-12, iter.max = 50, toler.chol = 1e-14)

# One row per patient: time, event, treated_at (and, with several states, one column per state), covariates.
data_sets <- list()

data_sets$jasa <- with(jasa, data.frame(time = futime, event = fustat, treated_at = wait.time, age, surgery,
                                        year = as.numeric(accept.dt - as.Date("1967-10-01")) / 365.25))
patients <- split(heart, heart$id)
data_sets$heart <- do.call(rbind, lapply(patients, function(d) data.frame(
  time = max(d$stop), event = max(d$event), treated_at = if (any(d$transplant == 1)) d$start[d$transplant == 1] else NA,
  age = d$age[1], surgery = d$surgery[1], year = d$year[1])))
data_sets$myeloid <- with(myeloid, data.frame(time = futime, event = death, treated_at = txtime, remission_at = crtime,
                                              trt, sex = as.character(sex)))
data(bmt, package = "KMsurv")
data_sets$bmt <- with(bmt, data.frame(time = t1, event = d1, treated_at = ifelse(da == 1, ta, NA),
                                      platelets_at = ifelse(dp == 1, tp, NA), age = z1, disease = group,
                                      weight = 1 + z1 %% 3))
# Many ties, also between switches, deaths and entries; patients followed for no time; switches at and after the end.
set.seed(8)
n <- 140
ties <- data.frame(time = sample(0:14, n, TRUE), event = rbinom(n, 1, 0.6),
                   treated_at = ifelse(runif(n) < 0.6, sample(0:9, n, TRUE), NA),
                   second_at = ifelse(runif(n) < 0.4, sample(0:9, n, TRUE), NA),
                   dose = round(rnorm(n), 2), clinic = sample(1:3, n, TRUE), weight = sample(0:3, n, TRUE))
data_sets$ties <- ties
late <- subset(ties, time > 1)
late$entry <- pmin(sample(0:6, nrow(late), TRUE), late$time - 1)
data_sets$late <- late

for (name in names(data_sets)) {
  d <- data_sets[[name]]
  for (column in names(d)) if (is.numeric(d[[column]]))
    d[[column]] <- ifelse(is.na(d[[column]]), "", sub("^ +", "", formatC(d[[column]], digits = 17, format = "g")))
  write.csv(d, sprintf("treatment_%s.csv", name), row.names = FALSE, quote = FALSE)
}

number <- function(x) ifelse(is.finite(x), x, NA)

# Rows from tmerge; a follow-up of 0 becomes half the smallest positive time, and a switch at the end of the own follow-up
# half of the smallest step between two moments earlier, both as for the heart data in survival.
split_rows <- function(d, states) {
  d$row <- seq_len(nrow(d)) - 1
  if (!is.null(d$weight)) d <- d[d$weight > 0, ]
  d$pid <- seq_len(nrow(d))
  moments <- c(d$time, unlist(d[states]), d$entry)
  half <- min(diff(sort(unique(c(0, moments[!is.na(moments)]))))) / 2
  for (s in states) {
    own <- !is.na(d[[s]]) & d[[s]] == d$time & d$time > 0
    d[[s]][own] <- d[[s]][own] - half
  }
  d$time[d$time == 0] <- min(moments[!is.na(moments) & moments > 0]) / 2
  d$begin <- if (is.null(d$entry)) 0 else d$entry
  base <- d[c("pid", "row", "begin", "time", "event", setdiff(names(d), c("pid", "row", "begin", "time", "event")))]
  out <- tmerge(base, base, id = pid, death = event(time, event), tstart = begin, tstop = time)
  for (s in states) {
    switch_times <- data.frame(pid = d$pid, at = d[[s]])
    switch_times <- switch_times[!is.na(switch_times$at), ]
    out <- tmerge(out, switch_times, id = pid, moved = tdc(at))
    names(out)[names(out) == "moved"] <- paste0("in_", s)
  }
  latest <- rep(-Inf, nrow(out)); out$state <- 0
  for (i in seq_along(states)) {
    at <- d[[states[i]]][match(out$pid, d$pid)]
    now <- out[[paste0("in_", states[i])]] == 1 & at >= latest
    out$state[now] <- i; latest[now] <- at[now]
  }
  # Rows of one patient that tmerge has cut but that share a state are one row.
  out <- out[order(out$pid, out$tstart), ]
  same <- c(FALSE, diff(out$pid) == 0 & diff(out$state) == 0)
  run <- cumsum(!same)
  first <- !duplicated(run); last <- !duplicated(run, fromLast = TRUE)
  merged <- out[first, ]
  merged$tstop <- out$tstop[last]; merged$death <- out$death[last]
  merged
}

repeated <- function(rows) if (is.null(rows$weight)) rows else rows[rep(seq_len(nrow(rows)), rows$weight), ]

weighings <- list(
  list("logrank", 0, 0, function(S_before, S_tilde, n) 1),
  list("peto", 0, 0, function(S_before, S_tilde, n) S_tilde),
  list("tarone-ware", 0, 0, function(S_before, S_tilde, n) sqrt(n)),
  list("fleming-harrington", 1, 0, function(S_before, S_tilde, n) S_before),
  list("fleming-harrington", 0, 1, function(S_before, S_tilde, n) 1 - S_before))

test_rows <- function(r, strata) {
  g <- factor(r$state); K <- nlevels(g)
  s <- if (is.null(strata)) rep(1, nrow(r)) else r[[strata]]
  # The discrete partial likelihood lists all subsets of those at risk: with many tied deaths that takes for ever.
  few_ties <- max(table(r$tstop[r$death == 1])) <= 3
  if (few_ties) cox <- coxph(Surv(r$tstart, r$tstop, r$death) ~ g + strata(s), ties = "exact", control = control)
  lapply(weighings, function(a) {
    o <- e <- numeric(K); V <- matrix(0, K, K)
    for (block in unique(s)) {
      S <- 1; S_tilde <- 1
      for (t in sort(unique(r$tstop[s == block & r$death == 1]))) {
        at_risk <- s == block & r$tstart < t & r$tstop >= t
        n_k <- as.vector(table(g[at_risk])); d_k <- as.vector(table(g[at_risk & r$tstop == t & r$death == 1]))
        n <- sum(n_k); d <- sum(d_k)
        S_tilde <- S_tilde * (1 - d / (n + 1))
        w <- a[[4]](S_before = S, S_tilde = S_tilde, n = n)
        o <- o + w * d_k; e <- e + w * d * n_k / n
        if (n > 1) V <- V + w^2 * d * (n - d) / (n - 1) * (diag(n_k / n, K) - outer(n_k, n_k) / n^2)
        S <- S * (1 - d / n)
      }
    }
    u <- (o - e)[-1]
    chi <- sum(u * solve(V[-1, -1, drop = FALSE], u))
    if (a[[1]] == "logrank" && few_ties) {
      stopifnot(isTRUE(all.equal(unname(cox$score), chi, tolerance = 1e-9)))
      chi <- unname(cox$score)
    }
    list(weighting = a[[1]], rho = a[[2]], gamma = a[[3]], from_cox = a[[1]] == "logrank" && few_ties, statistic = chi, df = K - 1,
         p_value = pchisq(chi, K - 1, lower.tail = FALSE), observed = o, expected = e)
  })
}

fitted <- function(fit) {
  s <- summary(fit)$coefficients
  list(coef = unname(coef(fit)), std_error = unname(sqrt(diag(vcov(fit)))), p_value = unname(s[, "Pr(>|z|)"]),
       log_likelihood = fit$loglik[2])
}

cox_rows <- function(r, covariates, strata, ties) {
  d <- data.frame(tstart = r$tstart, tstop = r$tstop, death = r$death, state = factor(r$state), r[covariates])
  d$s <- if (is.null(strata)) 1 else r[[strata]]
  f <- reformulate(c("state", covariates, "strata(s)"), "Surv(tstart, tstop, death)")
  fitted(coxph(f, d, ties = ties, control = control))
}

curves_of <- function(fit, labels) lapply(seq_along(labels), function(i) {
  f <- fit[i]
  list(state = labels[i], time = f$time, n_risk = f$n.risk, n_event = f$n.event, estimate = f$surv,
       std_error = number(f$std.err * f$surv), low = number(f$lower), high = number(f$upper))
})

landmark_case <- function(d, states, L, covariates, with_curves) {
  d <- repeated(d)
  state <- rep(0, nrow(d)); latest <- rep(-Inf, nrow(d))
  for (i in seq_along(states)) {
    at <- d[[states[i]]]; now <- !is.na(at) & at <= L & at >= latest
    state[now] <- i; latest[now] <- at[now]
  }
  later <- rep(FALSE, nrow(d))
  for (s in states) later <- later | (!is.na(d[[s]]) & d[[s]] > L & d[[s]] <= d$time)
  k <- d$time > L
  d <- d[k, ]; g <- factor(state[k]); later <- later[k]
  test <- survdiff(Surv(d$time, d$event) ~ g)
  x <- data.frame(time = d$time, event = d$event, g = g, d[covariates])
  fit <- survfit(Surv(rep(L, nrow(d)), d$time, d$event) ~ g, conf.type = "log-log")
  list(landmark = L, n = nrow(d), n_event = sum(d$event), n_treated = sum(state[k] > 0),
       n_switch_later = sum(later), statistic = test$chisq, p_value = test$pvalue, df = nlevels(g) - 1,
       cox = fitted(coxph(Surv(time, event) ~ g, x, control = control)),
       adjusted = fitted(coxph(reformulate(c("g", covariates), "Surv(time, event)"), x, control = control)),
       curves = if (with_curves) curves_of(fit, as.integer(levels(g))))
}

treatment_case <- function(data, states, covariates, strata = NULL, landmarks, weighted = FALSE) {
  d <- data_sets[[data]]
  if (!weighted) d$weight <- NULL
  r <- split_rows(d, states)
  all_rows <- repeated(r)
  fit <- survfit(Surv(all_rows$tstart, all_rows$tstop, all_rows$death) ~ factor(all_rows$state), conf.type = "log-log")
  case <- list(data = data, states = I(states), covariates = I(covariates), strata = strata, weighted = weighted,
    rows = list(row = r$row, entry = r$tstart, time = r$tstop, event = r$death, state = r$state),
    curves = curves_of(fit, sort(unique(all_rows$state))),
    tests = test_rows(all_rows, NULL), stratified = if (!is.null(strata)) test_rows(all_rows, strata),
    efron = cox_rows(all_rows, NULL, NULL, "efron"), breslow = cox_rows(all_rows, NULL, NULL, "breslow"),
    adjusted = cox_rows(all_rows, covariates, NULL, "efron"),
    stratified_cox = if (!is.null(strata)) cox_rows(all_rows, setdiff(covariates, strata), strata, "efron"))
  if (is.null(d$entry)) {
    full <- repeated(d)
    last <- rep(0, nrow(full)); latest <- rep(-Inf, nrow(full))
    for (i in seq_along(states)) {
      at <- full[[states[i]]]; now <- !is.na(at) & at <= full$time & at >= latest
      last[now] <- i; latest[now] <- at[now]
    }
    ever <- data.frame(time = full$time, event = full$event, last = factor(last), full[covariates])
    test <- survdiff(Surv(time, event) ~ last, ever)
    case$naive <- list(n = as.vector(table(last)), statistic = test$chisq, p_value = test$pvalue,
      cox = fitted(coxph(Surv(time, event) ~ last, ever, control = control)),
      adjusted = fitted(coxph(reformulate(c("last", covariates), "Surv(time, event)"), ever, control = control)))
    case$landmarks <- lapply(landmarks, function(L) landmark_case(d, states, L, covariates, L == max(landmarks)))
  }
  case
}

cases <- list(
  treatment_case("jasa", "treated_at", c("age", "year", "surgery"), landmarks = c(0, 20, 30, 60, 90)),
  treatment_case("heart", "treated_at", c("age", "year", "surgery"), "surgery", landmarks = c(30, 60)),
  treatment_case("myeloid", "treated_at", c("trt", "sex"), "trt", landmarks = c(90, 120, 180, 240, 365)),
  treatment_case("myeloid", c("remission_at", "treated_at"), "trt", "sex", landmarks = c(60, 180)),
  treatment_case("bmt", "treated_at", "age", "disease", landmarks = c(20, 30, 60)),
  treatment_case("bmt", "platelets_at", "age", landmarks = c(15, 30)),
  treatment_case("bmt", c("platelets_at", "treated_at"), "age", "disease", landmarks = c(20, 40), weighted = TRUE),
  treatment_case("ties", "treated_at", "dose", "clinic", landmarks = c(0, 2, 5)),
  treatment_case("ties", c("treated_at", "second_at"), "dose", "clinic", landmarks = c(1, 3), weighted = TRUE),
  treatment_case("late", "treated_at", "dose", "clinic", landmarks = NULL),
  treatment_case("late", c("treated_at", "second_at"), "dose", landmarks = NULL, weighted = TRUE))

# The heart data come with survival as rows already: the same model on them as they are. The half-day rule makes these rows
# of the days of jasa, counted from 1.
fit <- coxph(Surv(start, stop, event) ~ transplant, heart, control = control)
exact <- coxph(Surv(start, stop, event) ~ transplant, heart, ties = "exact", control = control)
heart_rows <- c(fitted(fit), list(score = unname(exact$score)))

# 28 children by hand, four of whom die or leave on the day of HSCT: the rows as the half-day rule has them, without tmerge.
died <- data.frame(
  time = c(200, 290, 380, 470, 560, 650, 740, 830, 920, 1010, 1100, 1190, 400, 480, 560, 640, 720, 800, 880, 960, 1040, 1120,
           1200, 1280, 100, 110, 120, 130),
  event = c(rep(c(1, 0), 6), 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 1, 1),
  treated_at = c(rep(NA, 12), seq(60, 93, 3), 100, 110, 120, 130))
same_day <- function(d) {
  at <- ifelse(d$treated_at == d$time, d$treated_at - 0.5, d$treated_at)
  never <- is.na(at)
  rows <- rbind(data.frame(start = 0, stop = ifelse(never, d$time, at), event = ifelse(never, d$event, 0), hsct = 0),
                data.frame(start = at, stop = d$time, event = d$event, hsct = 1)[!never, ])
  fit <- coxph(Surv(start, stop, event) ~ hsct, rows, control = control)
  exact <- coxph(Surv(start, stop, event) ~ hsct, rows, ties = "exact", control = control)
  ever <- coxph(Surv(time, event) ~ !is.na(treated_at), d, control = control)
  curve <- survfit(Surv(start, stop, event) ~ 1, rows[rows$hsct == 1, ])
  c(d, fitted(fit), list(interval = as.vector(exp(confint(fit))), score = unname(exact$score),
    naive = fitted(ever), curve = list(time = curve$time, n_risk = curve$n.risk, estimate = curve$surv)))
}
on_the_day <- list(died = same_day(died), left = same_day(within(died, event[25:28] <- 0)))

write_json(list(cases = cases, heart_rows = heart_rows, on_the_day = on_the_day), "treatment_reference.json", digits = NA, na = "null",
           null = "null", auto_unbox = TRUE)
