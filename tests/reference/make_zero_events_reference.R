# What may be hidden where nobody has had the event. Survival: the quantile of Beta(m, 1), m at risk at the time, which is
# the beta product confidence procedure of Fay, Brittain & Proschan (2013) without events. Incidence: m from the weights
# of finegray() in the survival package, in which who had another event stays at risk while follow-up would have lasted.
# Run in this folder; writes zero_events_reference.json.
suppressPackageStartupMessages(library(survival))
library(jsonlite)

limit <- function(m, level = 0.95) ifelse(m > 0, 1 - qbeta(1 - level, m, 1), 1)

survival_case <- function(name, time, at, level = 0.95) {
  m <- sapply(at, function(t) sum(time >= t))
  list(name = name, time = time, at = at, conf_level = level, followed = m, hidden = limit(m, level))
}

# finegray() has weights at the events of the cause in question, so that is where they are compared.
incidence_case <- function(name, time, cause) {
  data <- data.frame(time = time, status = factor(cause, 0:2, c("censor", "one", "two")))
  weights <- finegray(Surv(time, status) ~ ., data = data, etype = "one")
  at <- I(sort(unique(time[cause == 1])))
  m <- sapply(at, function(t) with(weights, sum(fgwt[fgstart < t & fgstop >= t])))
  list(name = name, time = time, cause = cause, at = at, conf_level = 0.95, followed = I(m), hidden = I(limit(m)))
}

set.seed(1)
twenty <- c(rep(6, 18), 60, 72)
drawn <- round(rexp(40, 1 / 40), 1) + 0.1
tied <- ceiling(rexp(60, 1 / 30))
cause <- sample(0:2, 60, replace = TRUE, prob = c(0.4, 0.2, 0.4))
many <- round(rexp(80, 1 / 30), 2) + 0.01
cause_many <- sample(0:2, 80, replace = TRUE, prob = c(0.6, 0.1, 0.3))

result <- list(
  versions = list(r = R.version.string, survival = as.character(packageVersion("survival"))),
  survival = list(
    survival_case("twenty, two of them for five years", twenty, c(1, 6, 12, 60, 61, 72)),
    survival_case("drawn", drawn, c(1, 12, 36, 60)),
    survival_case("drawn, 99 %", drawn, c(1, 12, 36, 60), 0.99)
  ),
  incidence = list(
    incidence_case("ties", tied, cause),
    incidence_case("few ties", many, cause_many),
    incidence_case("no censoring", 1:10, c(rep(2, 9), 1)),
    incidence_case("no other event", 1:10, c(0, 0, 0, 1, 0, 0, 0, 0, 1, 0))
  )
)
write_json(result, "zero_events_reference.json", auto_unbox = TRUE, digits = 15, pretty = TRUE)
