# Makes interaction_reference.json: ratios within subgroups and likelihood-ratio tests of interaction, from
# survival_<data set>.csv and logistic_<data set>.csv.
# Run in this folder:  Rscript make_interaction_reference.R     (R >= 4.2 with survival, jsonlite)

suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, warn = 1)
control <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 50)

read <- function(file, group, subgroup, weight) {
  d <- read.csv(file)
  d$g <- factor(d[[group]]); d$s <- factor(d[[subgroup]])
  if (!is.null(weight)) d <- d[rep(seq_len(nrow(d)), d[[weight]]), ]
  d
}

hazard_case <- function(data, group, subgroup, weight = NULL, entry = NULL, strata = NULL, conf_level = 0.95) {
  d <- read(sprintf("survival_%s.csv", data), group, subgroup, weight)
  d$y <- if (is.null(entry)) Surv(d$time, d$event) else Surv(d[[entry]], d$time, d$event)
  d$z <- if (is.null(strata)) 1 else d[[strata]]
  ratios <- function(own) {
    fit <- coxph(y ~ g + strata(z), own, control = control)
    ci <- exp(confint(fit, level = conf_level))
    list(ratio = I(unname(exp(coef(fit)))), low = I(unname(ci[, 1])), high = I(unname(ci[, 2])),
         p_value = I(unname(summary(fit)$coefficients[, "Pr(>|z|)"])), n = I(as.vector(table(own$g))),
         n_event = I(as.vector(tapply(own$event, own$g, sum))))
  }
  small <- coxph(y ~ g + s + strata(z), d, control = control)
  large <- coxph(y ~ g * s + strata(z), d, control = control)
  test <- anova(small, large)
  list(data = data, group = group, subgroup = subgroup, weight = weight, entry = entry, strata = strata,
       conf_level = conf_level, overall = ratios(d), levels = I(levels(d$s)),
       subgroups = lapply(levels(d$s), function(l) ratios(d[d$s == l, ])),
       statistic = 2 * (large$loglik[2] - small$loglik[2]), df = test$Df[2], p_value = test[["Pr(>|Chi|)"]][2])
}

odds_case <- function(data, outcome, group, subgroup, conf_level = 0.95) {
  d <- read(sprintf("logistic_%s.csv", data), group, subgroup, NULL)
  d$y <- as.numeric(d[[outcome]])
  stopifnot(all(d$y %in% 0:1))
  exact <- glm.control(epsilon = 1e-15, maxit = 100)
  ratios <- function(own) {
    fit <- glm(y ~ g, binomial, own, control = exact)
    list(ratio = I(unname(exp(coef(fit)[-1]))), p_value = I(unname(summary(fit)$coefficients[-1, 4])),
         n = I(as.vector(table(own$g))), n_event = I(as.vector(tapply(own$y, own$g, sum))))
  }
  test <- anova(glm(y ~ g + s, binomial, d, control = exact), glm(y ~ g * s, binomial, d, control = exact), test = "LRT")
  list(data = data, outcome = outcome, group = group, subgroup = subgroup, conf_level = conf_level, overall = ratios(d),
       levels = I(levels(d$s)), subgroups = lapply(levels(d$s), function(l) ratios(d[d$s == l, ])),
       statistic = test$Deviance[2], df = test$Df[2], p_value = test[["Pr(>Chi)"]][2])
}

hazards <- list(
  hazard_case("veteran", "trt", "celltype"), hazard_case("veteran", "trt", "prior", strata = "celltype"),
  hazard_case("colon", "rx", "sex", conf_level = 0.9),
  hazard_case("myeloid", "trt", "sex"), hazard_case("noisy", "arm", "clinic", weight = "weight"),
  hazard_case("heart", "transplant", "surgery", entry = "entry"))
odds <- list(odds_case("birthwt", "low", "smoke", "race"), odds_case("birthwt", "low", "race", "ui"))

write_json(list(hazards = hazards, odds = odds), "interaction_reference.json", digits = NA, na = "null", null = "null",
           auto_unbox = TRUE)
