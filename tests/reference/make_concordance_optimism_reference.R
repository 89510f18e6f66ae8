# Makes concordance_optimism_reference.json: optimism of a Cox model's concordance over given resamples, each fitted by coxph and
# measured by concordance() in the resample and in all patients.
# Run in this folder:  Rscript make_concordance_optimism_reference.R     (R >= 4.2 with survival, jsonlite)

suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17)
set.seed(20251)
data <- read.csv("cox_veteran.csv")
data$celltype <- factor(data$celltype)
n <- nrow(data)
index <- concordance(Surv(time, event) ~ predict(coxph(Surv(time, event) ~ celltype + karno + age, data)), data, reverse = TRUE)
counts <- t(replicate(12, tabulate(sample(n, replace = TRUE), n)))
gains <- apply(counts, 1, function(k) {
  drawn <- data[rep(seq_len(n), k), ]
  fit <- coxph(Surv(time, event) ~ celltype + karno + age, drawn, control = coxph.control(eps = 1e-12, iter.max = 100))
  drawn$score <- round(predict(fit, drawn, reference = "zero"), 11)
  data$score <- round(predict(fit, data, reference = "zero"), 11)
  inside <- concordance(Surv(time, event) ~ score, drawn, reverse = TRUE)$concordance
  inside - concordance(Surv(time, event) ~ score, data, reverse = TRUE)$concordance
})
write_json(list(versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
                apparent = unname(index$concordance), counts = counts, gains = gains),
           "concordance_optimism_reference.json", digits = NA, auto_unbox = TRUE)
