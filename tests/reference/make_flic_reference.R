# Makes flic_reference.json: probabilities of Firth's logistic regression with the intercept estimated again by maximum
# likelihood (FLIC; Puhr and colleagues 2017, section 2.3): glm with the linear predictor of brglm2 as its offset.
# Run in this folder:  Rscript make_flic_reference.R     (R >= 4.2 with brglm2, jsonlite)

suppressPackageStartupMessages({library(brglm2); library(jsonlite)})
options(digits = 17)
tight <- glm.control(epsilon = 1e-15, maxit = 200)
known <- fromJSON("logistic_reference.json")
result <- list(versions = list(R = R.version.string, brglm2 = as.character(packageVersion("brglm2"))))
for (name in c("endometrial", "birthwt", "infert")) {
  entry <- known[[name]]
  data <- read.csv(paste0("logistic_", name, ".csv"))
  for (column in names(entry$levels)) data[[column]] <- factor(as.character(data[[column]]), entry$levels[[column]])
  firth <- glm(reformulate(entry$covariates, entry$outcome), binomial, data, method = "brglmFit", type = "AS_mean",
               control = list(epsilon = 1e-14, maxit = 10000))
  eta <- unname(drop(model.matrix(firth) %*% coef(firth)))
  y <- data[[entry$outcome]]
  again <- glm(y ~ offset(eta), family = binomial, control = tight)
  result[[name]] <- list(firth = plogis(eta), shift = unname(coef(again)), flic = unname(fitted(again)))
  stopifnot(abs(sum(fitted(again)) - sum(y)) < 1e-8)
}
write_json(result, "flic_reference.json", digits = NA, auto_unbox = TRUE)
