# Reference values for the page of cumulative incidence, from the reference cohort itself.
#
# Rscript tests/reference/make_incidence_analysis_reference.R
#
# To be run again when data/reference_cohort.csv changes. Needs survival, cmprsk and jsonlite.

suppressPackageStartupMessages({
  library(survival)
  library(cmprsk)
  library(jsonlite)
})

here <- "tests/reference"
cohort <- read.csv("data/reference_cohort.csv", na.strings = "", check.names = FALSE)
years <- c(1, 3, 5)

# What came first after diagnosis, and after first relapse, from the columns of the file alone.
relapsed <- cohort$relapsed == 1
diagnosis <- data.frame(
  time = ifelse(relapsed, cohort$relapse_days, cohort$os_days),
  cause = ifelse(relapsed, 1, ifelse(cohort$os_event == 1, 2, 0)),
  immunophenotype = factor(cohort$immunophenotype, c("B", "T")),
  mrd_day46 = factor(cohort$mrd_day46, c("negative", "positive")),
  sex = factor(cohort$sex, c("female", "male")),
  age_years = cohort$age_years
)
# A second remission that was not reached counts on day 35 of salvage treatment, unless the child was gone before.
failure <- ifelse(cohort$second_remission %in% "no" & cohort$os_relapse_days >= cohort$salvage_days + 35,
                  cohort$salvage_days + 35, Inf)
second <- ifelse(is.na(cohort$second_relapse_days), Inf, cohort$second_relapse_days)
died <- cohort$os_relapse_event == 1
stopifnot(!any(died & cohort$cause_of_death == "leukaemia" & is.infinite(failure) & is.infinite(second), na.rm = TRUE))
relapse <- data.frame(
  time = pmin(failure, second, cohort$os_relapse_days),
  cause = ifelse(is.finite(failure) & failure <= second, 3, ifelse(is.finite(second), 1, ifelse(died, 2, 0))),
  marrow = factor(grepl("marrow", cohort$relapse_site), c(TRUE, FALSE), c("marrow", "isolated extramedullary")),
  sex = factor(cohort$sex, c("female", "male"))
)[relapsed, ]

incidence <- function(data, group, n_causes) {
  state <- factor(data$cause, 0:n_causes, c("censored", paste0("cause", 1:n_causes)))
  found <- list()
  for (level in levels(data[[group]])) {
    rows <- data[[group]] == level
    fit <- survfit(Surv(data$time[rows], state[rows]) ~ 1, conf.type = "log-log")
    at <- summary(fit, times = 365.25 * years, extend = TRUE)
    # The limits of survfit are those of 1 - F; those of F itself are computed from its standard error.
    value <- at$pstate[, -1, drop = FALSE]
    error <- at$std.err[, -1, drop = FALSE]
    shift <- qnorm(0.975) * error / (value * log(value))
    found[[level]] <- list(
      estimate = unname(value), std_error = unname(error), low = unname(value^exp(-shift)),
      high = unname(value^exp(shift)), n_risk = unname(at$n.risk[, 1])
    )
  }
  found
}

models <- function(data, formula, n_causes) {
  design <- model.matrix(formula, data)[, -1, drop = FALSE]
  lapply(1:n_causes, function(k) {
    status <- as.integer(data$cause == k)
    cox <- coxph(Surv(data$time, status) ~ design, ties = "efron", control = coxph.control(eps = 1e-12, iter.max = 50))
    fg <- crr(data$time, data$cause, design, failcode = k, gtol = 1e-10, maxiter = 100)
    list(
      cox = list(coef = unname(coef(cox)), std_error = unname(sqrt(diag(vcov(cox))))),
      fine_gray = list(coef = unname(fg$coef), std_error = unname(sqrt(diag(fg$var))))
    )
  })
}

gray <- function(data, group) {
  tests <- cuminc(data$time, data$cause, data[[group]])$Tests
  list(statistic = unname(tests[, "stat"]), p_value = unname(tests[, "pv"]), df = unname(tests[, "df"]))
}

naive <- function(data, group, k) {
  sapply(levels(data[[group]]), function(level) {
    rows <- data[[group]] == level
    fit <- survfit(Surv(data$time[rows], data$cause[rows] == k) ~ 1)
    1 - summary(fit, times = 365.25 * years, extend = TRUE)$surv
  }, simplify = FALSE)
}

# Forty children, ten of whom relapse and ten of whom have another first event that the file does not name.
other <- read.csv("tests/fixtures/another_first_event.csv", na.strings = "")
others <- data.frame(
  time = other$efs_days, sex = factor(other$sex, c("female", "male")),
  cause = ifelse(other$efs_event == 0, 0, ifelse(other$relapsed == 1, 1, ifelse(other$os_event == 1, 2, 3)))
)
stopifnot(table(others$cause) == c(20, 10, 10))
together <- cuminc(others$time, others$cause)
fit <- timepoints(together, 365.25 * years)

reference <- list(
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival")),
                  cmprsk = as.character(packageVersion("cmprsk"))),
  years = years,
  immunophenotype = list(incidence = incidence(diagnosis, "immunophenotype", 2), gray = gray(diagnosis, "immunophenotype"),
                         naive = naive(diagnosis, "immunophenotype", 1)),
  mrd_day46 = list(incidence = incidence(diagnosis, "mrd_day46", 2), gray = gray(diagnosis, "mrd_day46"),
                   naive = naive(diagnosis, "mrd_day46", 1),
                   models = models(diagnosis, ~ mrd_day46 + sex + age_years, 2)),
  marrow_relapse = list(incidence = incidence(relapse, "marrow", 3), gray = gray(relapse, "marrow"),
                        naive = naive(relapse, "marrow", 1)),
  relapse_sex = list(incidence = incidence(relapse, "sex", 3), gray = gray(relapse, "sex"),
                     models = models(relapse, ~sex, 3)),
  another_first_event = list(estimate = unname(fit$est), variance = unname(fit$var))
)
write_json(reference, file.path(here, "incidence_analysis_reference.json"), digits = NA, auto_unbox = TRUE, pretty = TRUE)
