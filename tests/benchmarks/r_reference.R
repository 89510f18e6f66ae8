# Seconds that R needs for the curves with the log-rank test, and for the odds ratios, on the rows of a CSV file.
# Reading the file is not counted. Prints {"survival": seconds, "odds": seconds}.

suppressMessages(library(survival))

rows <- read.csv(commandArgs(trailingOnly = TRUE)[1], na.strings = "", stringsAsFactors = TRUE)
followed <- rows[!is.na(rows$os_relapse_days) & !is.na(rows$relapse_site_group), ]

survival_seconds <- system.time({
  survfit(Surv(os_relapse_days, os_relapse_event) ~ relapse_site_group, data = followed)
  survdiff(Surv(os_relapse_days, os_relapse_event) ~ relapse_site_group, data = followed)
})[["elapsed"]]

odds_seconds <- system.time(
  summary(glm(relapsed ~ sex + immunophenotype + thrombocytopenia + bcr_abl1 + mrd_day19 + mrd_day46,
              family = binomial, data = rows))
)[["elapsed"]]

cat(sprintf('{"survival": %.4f, "odds": %.4f}\n', survival_seconds, odds_seconds))
