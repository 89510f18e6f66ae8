# Makes censoring_weights_reference.json: hazard ratios of a treatment that begins during follow-up, until another treatment
# ends follow-up, under stabilised inverse probability of censoring weights that change over time, with robust errors.
# Uses treatment_myeloid.csv and treatment_ties.csv.
# Run in this folder:  Rscript make_censoring_weights_reference.R     (R >= 4.2 with survival, jsonlite)

suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, warn = 1)
control <- coxph.control(eps = 1e-12, iter.max = 100, toler.chol = 1e-14)

case <- function(file, treated_at, ended_at, covariates, factors = NULL) {
  d <- read.csv(file)
  d <- d[d$time > 0 & !(!is.na(d[[ended_at]]) & d[[ended_at]] == 0), ]
  for (f in factors) d[[f]] <- factor(d[[f]])
  d$pid <- seq_len(nrow(d))
  ended <- !is.na(d[[ended_at]]) & d[[ended_at]] <= d$time
  d$stop <- ifelse(ended, d[[ended_at]], d$time)
  d$died <- ifelse(ended, 0, d$event)
  d$end <- as.numeric(ended)
  at <- ifelse(ended & !is.na(d[[treated_at]]) & d[[treated_at]] >= d[[ended_at]], NA, d[[treated_at]])
  at[!is.na(at) & at > d$stop] <- NA
  at[!is.na(at) & at == d$stop] <- at[!is.na(at) & at == d$stop] - 0.5
  rows <- do.call(rbind, lapply(seq_len(nrow(d)), function(i) {
    one <- d[i, c("pid", covariates)]
    if (is.na(at[i])) return(cbind(one, start = 0, stop = d$stop[i], died = d$died[i], end = d$end[i], x = 0))
    if (at[i] <= 0) return(cbind(one, start = 0, stop = d$stop[i], died = d$died[i], end = d$end[i], x = 1))
    rbind(cbind(one, start = 0, stop = at[i], died = 0, end = 0, x = 0),
          cbind(one, start = at[i], stop = d$stop[i], died = d$died[i], end = d$end[i], x = 1))
  }))
  cuts <- sort(unique(c(rows$stop[rows$died == 1], rows$stop[rows$end == 1])))
  long <- survSplit(Surv(start, stop, died) ~ ., rows, cut = cuts, episode = "k")
  long$end <- as.numeric(long$end == 1 & long$stop == d$stop[long$pid])
  long$died <- as.numeric(long$died)
  passed <- function(covariates) {
    f <- coxph(reformulate(covariates, "Surv(start, stop, end)"), long, ties = "breslow", control = control)
    base <- basehaz(f, centered = FALSE)
    step <- diff(c(0, base$hazard))
    lp <- as.vector(model.matrix(f) %*% coef(f))
    own <- exp(lp) * ifelse(long$stop %in% base$time, step[match(long$stop, base$time)], 0)
    ave(own, long$pid, FUN = cumsum) - own  # before the end of each stretch
  }
  long <- long[order(long$pid, long$start), ]
  w <- exp(passed(c("x", covariates)) - passed("x"))
  long$w <- w
  fit <- coxph(Surv(start, stop, died) ~ x, long, weights = w, cluster = pid, ties = "efron", control = control)
  used <- long$stop %in% long$stop[long$died == 1]
  list(file = file, treated_at = treated_at, ended_at = ended_at, covariates = I(covariates), factors = I(factors),
       coef = unname(coef(fit)), std_error = sqrt(fit$var[1]), low = min(w[used]), high = max(w[used]), n_ended = sum(d$end))
}

cases <- list(
  case("treatment_myeloid.csv", "remission_at", "treated_at", c("trt", "sex"), c("trt", "sex")),
  case("treatment_ties.csv", "treated_at", "second_at", c("dose", "clinic"), "clinic"))
write_json(list(cases = cases), "censoring_weights_reference.json", digits = NA, auto_unbox = TRUE)
