# Makes salvage_reference.json: chemotherapy so far, CAR-T and HSCT compared in the reference cohort, at landmarks and from
# the start of salvage treatment on with children who change group (delayed entry), by survival's coxph and survdiff.
# Run in this folder:  Rscript make_salvage_reference.R     (R >= 4.2 with survival, jsonlite)

suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, warn = 2)

GROUPS <- c("chemotherapy so far", "CAR-T", "HSCT")
cohort <- read.csv("../../data/reference_cohort.csv")
cohort <- cohort[cohort$relapsed == 1, ]
# CAR-T on the day of HSCT or later changes nothing.
cohort$cart <- ifelse(!is.na(cohort$hsct_days) & !is.na(cohort$cart_days) & cohort$cart_days >= cohort$hsct_days,
                      Inf, cohort$cart_days)
cohort$cart[is.na(cohort$cart)] <- Inf
cohort$hsct <- ifelse(is.na(cohort$hsct_days), Inf, cohort$hsct_days)

chosen <- function(relapses) {
  if (relapses == "all") cohort else cohort[grepl("marrow", cohort$relapse_site), ]
}

at_landmark <- function(d, day) {
  d <- d[d$os_relapse_days > day, ]
  state <- ifelse(d$hsct <= day, "HSCT", ifelse(d$cart <= day, "CAR-T", GROUPS[1]))
  data.frame(id = d$patient_id, start = day, stop = d$os_relapse_days, event = d$os_relapse_event, sex = d$sex,
             state = factor(state, GROUPS))
}

as_it_changes <- function(d) {
  rows <- lapply(seq_len(nrow(d)), function(i) {
    end <- d$os_relapse_days[i]
    moments <- c(d$salvage_days[i], d$cart[i], d$hsct[i])
    # What happens on the day of treatment happens under it.
    moments <- ifelse(moments == end, end - 0.5, moments)
    stops <- c(min(moments[2:3], end), min(moments[3], end), end)
    starts <- c(moments[1], moments[2], moments[3])
    keep <- is.finite(starts) & starts < end & starts < stops
    data.frame(id = d$patient_id[i], start = starts, stop = stops, event = ifelse(stops == end, d$os_relapse_event[i], 0),
               sex = d$sex[i], state = factor(GROUPS, GROUPS))[keep, ]
  })
  do.call(rbind, rows)
}

ratio <- function(rows, reference, level, adjust) {
  rows$state <- relevel(rows$state, reference)
  formula <- as.formula(paste("Surv(start, stop, event) ~ state", if (adjust) "+ sex" else ""))
  fit <- coxph(formula, rows, ties = "efron", control = coxph.control(eps = 1e-11, toler.chol = 1e-12, iter.max = 100))
  name <- paste0("state", level)
  merged <- rows
  levels(merged$state)[levels(merged$state) == level] <- reference
  without <- coxph(formula, merged, ties = "efron", control = coxph.control(eps = 1e-11, toler.chol = 1e-12, iter.max = 100))
  lr <- 2 * (fit$loglik[2] - without$loglik[2])
  list(reference = reference, level = level, log_ratio = unname(coef(fit)[name]),
       std_error = sqrt(vcov(fit)[name, name]), statistic = lr, p_value = pchisq(lr, 1, lower.tail = FALSE))
}

# The log-rank test of rows at risk: survdiff where all come in together, else the score test of the Cox model, which is the
# same where no two events are tied.
logrank <- function(rows) {
  rows$state <- droplevels(rows$state)
  df <- nlevels(rows$state) - 1
  statistic <- if (length(unique(rows$start)) == 1) {
    survdiff(Surv(stop, event) ~ state, rows)$chisq
  } else {
    stopifnot(!anyDuplicated(rows$stop[rows$event == 1]))
    coxph(Surv(start, stop, event) ~ state, rows)$score
  }
  list(statistic = statistic, p_value = pchisq(statistic, df, lower.tail = FALSE))
}

PAIRS <- combn(GROUPS, 2, simplify = FALSE)
case <- function(relapses, day) {
  d <- chosen(relapses)
  rows <- if (is.na(day)) as_it_changes(d) else at_landmark(d, day)
  pairs <- lapply(PAIRS, function(p) logrank(rows[rows$state %in% p, ]))
  holm <- p.adjust(vapply(pairs, function(p) p$p_value, 0), "holm")
  list(relapses = relapses, day = if (is.na(day)) NULL else day,
       n = lapply(split(rows$id, rows$state), function(x) length(unique(x))),
       n_event = lapply(split(rows$event, rows$state), sum),
       test = logrank(rows),
       pairs = Map(function(p, found, adjusted) c(list(a = p[1], b = p[2], p_holm = adjusted), found), PAIRS, pairs, holm),
       ratios = lapply(PAIRS, function(p) ratio(rows, p[1], p[2], FALSE)),
       adjusted = lapply(PAIRS, function(p) ratio(rows, p[1], p[2], TRUE)))
}

cases <- list()
for (relapses in c("marrow", "all")) for (day in c(120, 180, 240, NA)) cases <- c(cases, list(case(relapses, day)))
found <- list(R = R.version.string, survival = as.character(packageVersion("survival")), cases = cases)
write(toJSON(found, digits = 16, auto_unbox = TRUE, null = "null", pretty = TRUE), "salvage_reference.json")
