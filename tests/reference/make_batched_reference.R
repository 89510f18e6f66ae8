# Makes batched_reference.json: hazard ratios of treatment in four drawn cohorts, by ever treated, as it changes and
# adjusted, and the score test as it changes. Uses batched_cohorts.csv.
# Run in this folder:  Rscript make_batched_reference.R     (R >= 4.2 with survival)

library(survival)
options(digits = 17, warn = 1)
control <- coxph.control(eps = 1e-12, iter.max = 100, toler.chol = 1e-14)

told <- function(fit, name) {
  s <- summary(fit)$coefficients[name, ]
  sprintf('{"log_ratio": %.17g, "std_error": %.17g, "p_value": %.17g}', s[["coef"]], s[["se(coef)"]], s[["Pr(>|z|)"]])
}

cases <- lapply(split(read.csv("batched_cohorts.csv"), ~ cohort), function(d) {
  d$id <- seq_len(nrow(d))
  d$ever <- as.numeric(!is.na(d$treated_at))
  rows <- tmerge(d[c("id", "covariate")], d, id = id, died = event(time, event), z = tdc(treated_at))
  moving <- coxph(Surv(tstart, tstop, died) ~ z, rows, control = control)
  sprintf('{"cohort": %d, "naive": %s, "switching": %s, "adjusted": %s, "mantel_byar": %.17g}', d$cohort[1],
          told(coxph(Surv(time, event) ~ ever, d, control = control), "ever"),
          told(moving, "z"),
          told(coxph(Surv(tstart, tstop, died) ~ z + covariate, rows, control = control), "z"),
          summary(moving)$sctest[["pvalue"]])
})
writeLines(paste0('{"cases": [', paste(cases, collapse = ",\n"), "]}"), "batched_reference.json")
