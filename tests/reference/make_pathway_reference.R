# Makes pathway_reference.json: survival of some ways of the pathway in the reference cohort, by survfit.
# Run in this folder:  Rscript make_pathway_reference.R     (R >= 4.2 with survival)

library(survival)
options(digits = 17)
day <- 180
cohort <- read.csv("../../data/reference_cohort.csv")
relapsed <- subset(cohort, relapsed == 1)
relapsed$months <- relapsed$os_relapse_days / 30.4375

at <- function(data) {
  fit <- survfit(Surv(months, os_relapse_event) ~ 1, data, conf.type = "log-log")
  found <- summary(fit, times = c(12, 36), extend = TRUE)
  list(n = nrow(data), n_event = sum(data$os_relapse_event), years = c(1, 3), estimate = found$surv, low = found$lower,
       high = found$upper, n_risk = found$n.risk)
}
followed <- subset(relapsed, os_relapse_days > day)
result <- list(versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
               "isolated marrow" = at(subset(relapsed, relapse_site == "isolated marrow")),
               "very early" = at(subset(relapsed, relapse_timing_bfm == "very early")),
               "second remission, followed" = at(subset(followed, second_remission == "yes")))

# JSON by hand: numbers with all their digits.
number <- function(x) if (length(x) > 1) sprintf("[%s]", paste(format(x, digits = 17, trim = TRUE), collapse = ",")) else format(x, digits = 17)
to_json <- function(x) {
  if (is.list(x)) sprintf("{%s}", paste(sprintf('"%s":%s', names(x), sapply(x, to_json)), collapse = ","))
  else if (is.character(x)) sprintf('"%s"', x)
  else number(x)
}
writeLines(to_json(result), "pathway_reference.json")
