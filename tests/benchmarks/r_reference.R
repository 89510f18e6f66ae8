# Seconds that R needs for each of the named tasks on the rows of a CSV file, and the numbers that come out.
# Reading the file is not counted. Arguments: file, horizon in days, tasks. A task whose package is missing is left out.
# Prints {"task": {"seconds": seconds, "values": [numbers]}, …}.

suppressMessages(library(survival))

arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1], na.strings = "", stringsAsFactors = TRUE)
horizon <- as.numeric(arguments[2])
month <- 30.4375
followed <- rows[!is.na(rows$os_relapse_days) & !is.na(rows$relapse_site_group), ]

tasks <- list(
  "survival" = function() {
    survfit(Surv(os_relapse_days, os_relapse_event) ~ relapse_site_group, data = followed)
    survdiff(Surv(os_relapse_days, os_relapse_event) ~ relapse_site_group, data = followed)$chisq
  },
  "odds ratios" = function() {
    fit <- summary(glm(relapsed ~ sex + immunophenotype + thrombocytopenia + bcr_abl1 + mrd_day19 + mrd_day46,
                       family = binomial, data = rows))
    coef(fit)[-1, 1]
  },
  "hazard ratios" = function() {
    coef(coxph(Surv(os_days, os_event) ~ sex + immunophenotype + thrombocytopenia + bcr_abl1 + cns_status, data = rows))
  },
  "cumulative incidence" = function() {
    fit <- cmprsk::cuminc(rows$first_days, rows$first_event, rows$mrd_day46)
    heights <- cmprsk::timepoints(fit[1:2], horizon)$est
    c(fit$Tests[1, "stat"], heights)
  },
  "treatment over time" = function() {
    switched <- !is.na(followed$hsct_days) & followed$hsct_days < followed$os_relapse_days
    before <- data.frame(start = 0, stop = ifelse(switched, followed$hsct_days, followed$os_relapse_days),
                         event = ifelse(switched, 0, followed$os_relapse_event), treated = 0)
    after <- with(followed[switched, ],
                  data.frame(start = hsct_days, stop = os_relapse_days, event = os_relapse_event, treated = 1))
    split <- rbind(before, after)
    split <- split[split$stop > split$start, ]
    fit <- coxph(Surv(start, stop, event) ~ treated, data = split)
    curves <- survfit(Surv(start, stop, event) ~ treated, data = split)
    c(coef(fit), summary(curves, times = horizon, extend = TRUE)$surv)
  },
  "restricted means" = function() {
    curves <- survfit(Surv(os_relapse_days, os_relapse_event) ~ relapse_site_group, data = followed)
    summary(curves, rmean = horizon)$table[, "rmean"] / month
  }
)

named <- arguments[-(1:2)]
if (!requireNamespace("cmprsk", quietly = TRUE)) named <- setdiff(named, "cumulative incidence")
parts <- vapply(named, function(name) {
  seconds <- system.time(values <- tasks[[name]]())[["elapsed"]]
  sprintf('"%s": {"seconds": %.4f, "values": [%s]}', name, seconds, paste(sprintf("%.17g", values), collapse = ", "))
}, "")
cat("{", paste(parts, collapse = ", "), "}\n", sep = "")
