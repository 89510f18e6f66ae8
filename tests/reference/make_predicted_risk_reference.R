# Makes predicted_risk_reference.json: the risk of single patients by R's predict(..., se.fit = TRUE): logistic models by maximum
# likelihood (glm) and by Firth's method with the intercept estimated again (brglm2, FLIC of Puhr and colleagues 2017), Cox models
# by survfit(coxph) with Efron's ties, and Fine and Gray's model by predict.crr.
# Run in this folder:  Rscript make_predicted_risk_reference.R     (R >= 4.2 with brglm2, survival, cmprsk, jsonlite)

suppressPackageStartupMessages({library(brglm2); library(survival); library(cmprsk); library(jsonlite)})
options(digits = 17)
tight <- glm.control(epsilon = 1e-15, maxit = 200)
known <- fromJSON("logistic_reference.json")
result <- list(versions = list(
  R = R.version.string, brglm2 = as.character(packageVersion("brglm2")),
  survival = as.character(packageVersion("survival")), cmprsk = as.character(packageVersion("cmprsk"))
))
rows <- c(1, 7, 20, 33, 50)
for (name in c("endometrial", "birthwt", "infert")) {
  entry <- known[[name]]
  data <- read.csv(paste0("logistic_", name, ".csv"))
  for (column in names(entry$levels)) data[[column]] <- factor(as.character(data[[column]]), entry$levels[[column]])
  formula <- reformulate(entry$covariates, entry$outcome)
  y <- data[[entry$outcome]]
  firth <- glm(formula, binomial, data, method = "brglmFit", type = "AS_mean", control = list(epsilon = 1e-14, maxit = 10000))
  x <- model.matrix(firth)
  eta <- unname(drop(x %*% coef(firth)))
  again <- glm(y ~ offset(eta), family = binomial, control = tight)
  p <- plogis(eta)
  v <- solve(t(x * (p * (1 - p))) %*% x)
  one <- list(rows = rows, firth = list(fit = (eta + coef(again))[rows], se = sqrt(rowSums((x %*% v) * x))[rows]))
  if (name != "endometrial") {
    ml <- predict(glm(formula, binomial, data, control = tight), se.fit = TRUE)
    one$ml <- list(fit = unname(ml$fit)[rows], se = unname(ml$se.fit)[rows])
  }
  result[[name]] <- one
}
# Times to relapse are not in R's data sets: lung cancer, with many tied times, and primary biliary cirrhosis.
follow <- function(data, formula, rows, times) {
  fit <- coxph(formula, data, ties = "efron", model = TRUE, x = TRUE, control = coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 100))
  curves <- summary(survfit(fit, newdata = data[rows, ], conf.type = "log-log"), times = times)
  list(rows = rows, times = times, risk = unname(1 - t(curves$surv)), low = unname(1 - t(curves$upper)), high = unname(1 - t(curves$lower)))
}
lung <- na.omit(read.csv("cox_lung.csv")[c("time", "event", "age", "sex", "ecog", "karno")])
veteran <- read.csv("cox_veteran.csv")
veteran$celltype <- factor(veteran$celltype, c("adeno", "large", "smallcell", "squamous"))
result$lung <- follow(lung, Surv(time, event) ~ age + sex + ecog, c(1, 5, 40), c(180, 365, 730))
result$veteran <- follow(veteran, Surv(time, event) ~ celltype + karno, c(2, 60, 100), c(30, 90, 365))
pbc <- read.csv("competing_pbc.csv")
pbc$male <- as.numeric(pbc$sex == "m")
x <- as.matrix(pbc[c("male", "age", "bili")])
fit <- crr(pbc$time, pbc$cause, x, failcode = 2, cencode = 0, gtol = 1e-12, maxiter = 100)
rows <- c(1, 2, 30)
times <- c(365, 1095, 1825)
curves <- predict(fit, x[rows, ])
at <- sapply(times, function(t) sum(curves[, 1] <= t))
result$pbc <- list(rows = rows, times = times, risk = unname(t(curves[at, -1])))
write_json(result, "predicted_risk_reference.json", digits = NA, auto_unbox = TRUE)
