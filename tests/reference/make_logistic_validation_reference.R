# Makes logistic_validation_reference.json: area under the ROC curve with DeLong's interval (pROC), Brier score,
# calibration, generalised variance inflation (car) and optimism by the bootstrap, for models of the data sets that
# make_logistic_reference.R writes.
# Run in this folder:  Rscript make_logistic_validation_reference.R     (R >= 4.2 with pROC, car, brglm2, jsonlite)

suppressPackageStartupMessages({library(pROC); library(car); library(brglm2); library(jsonlite)})
options(digits = 17)
tight <- glm.control(epsilon = 1e-14, maxit = 200)
known <- fromJSON("logistic_reference.json")

# The patients of a data set, one row each, and the formula of its model.
patients <- function(name) {
  entry <- known[[name]]
  data <- read.csv(paste0("logistic_", name, ".csv"))
  for (column in names(entry$levels)) data[[column]] <- factor(as.character(data[[column]]), entry$levels[[column]])
  if (!is.null(entry$weight)) data <- data[rep(seq_len(nrow(data)), data[[entry$weight]]), ]
  list(data = data, y = data[[entry$outcome]], outcome = entry$outcome,
       formula = reformulate(entry$covariates, entry$outcome))
}

discrimination <- function(y, score) {
  roc <- roc(y, score, direction = "<", levels = c(0, 1), quiet = TRUE)
  at <- function(level) unname(c(ci.auc(roc, method = "delong", conf.level = level)))[c(1, 3)]
  list(auc = as.numeric(auc(roc)), std_error = sqrt(var(roc, method = "delong")), limits_95 = at(0.95), limits_80 = at(0.8))
}

calibration <- function(y, p, groups = 10) {
  L <- qlogis(p)
  shift <- glm(y ~ offset(L), family = binomial, control = tight)
  line <- glm(y ~ L, family = binomial, control = tight)
  # summary() takes its standard errors from the weights of the last step but one.
  errors <- function(fit) {
    X <- model.matrix(fit)
    q <- fitted(fit)
    unname(sqrt(diag(solve(crossprod(X * sqrt(q * (1 - q)))))))
  }
  breaks <- unique(quantile(p, seq(0, 1, length.out = groups + 1), type = 7, names = FALSE))
  group <- cut(p, breaks, include.lowest = TRUE, labels = FALSE)
  list(in_the_large = unname(coef(shift)), in_the_large_error = errors(shift),
       intercept = unname(coef(line)[1]), slope = unname(coef(line)[2]),
       intercept_error = errors(line)[1], slope_error = errors(line)[2],
       breaks = breaks, n = as.vector(tapply(y, group, length)), n_event = as.vector(tapply(y, group, sum)),
       predicted = as.vector(tapply(p, group, mean)))
}

measured <- function(y, p) {
  brier <- mean((y - p)^2)
  list(discrimination = discrimination(y, p), calibration = calibration(y, p), brier = brier,
       brier_error = sd((y - p)^2) / sqrt(length(y)), scaled_brier = 1 - brier / mean((y - mean(y))^2))
}

inflation <- function(fit) {
  v <- vif(fit)
  if (is.null(dim(v))) v <- cbind(GVIF = v, Df = 1, scaled = sqrt(v))
  list(variable = rownames(v), gvif = unname(v[, 1]), df = unname(v[, 2]), scaled = unname(v[, 3]))
}

result <- list()
for (name in c("birthwt", "pima", "lung", "infert", "esoph", "ucb", "titanic")) {
  d <- patients(name)
  fit <- glm(d$formula, binomial, d$data, control = tight)
  p <- unname(fitted(fit))
  # Predictions that are too extreme and too high, so that calibration is not perfect by construction.
  wrong <- plogis(0.3 + 1.7 * qlogis(p))
  # vcov() comes from the weights of the last step but one: start the fit at its own end, and they are the last.
  again <- suppressWarnings(glm(d$formula, binomial, d$data, start = coef(fit), control = tight))
  result[[name]] <- list(own = measured(d$y, p), wrong = measured(d$y, wrong), vif = inflation(again),
                         probability = if (length(p) <= 250) p)
  cat(name, result[[name]]$own$discrimination$auc, "\n")
}
# A coarse score with many ties, and one that works the wrong way.
d <- patients("birthwt")
result$ties <- discrimination(d$y, round(d$data$lwt / 25))
result$rounded <- measured(d$y, pmin(pmax(round(fitted(glm(d$formula, binomial, d$data)), 1), 0.1), 0.9))

d <- patients("endometrial")
firth <- glm(d$formula, binomial, d$data, method = "brglmFit", type = "AS_mean",
             control = list(epsilon = 1e-12, maxit = 10000))
# The intercept is estimated again by maximum likelihood (FLIC).
flic <- unname(fitted(glm(d$y ~ offset(qlogis(fitted(firth))), family = binomial, control = tight)))
result$endometrial <- list(own = measured(d$y, flic), vif = inflation(firth), probability = flic)

# Harrell's optimism with single patients drawn; the mean and its Monte Carlo error.
set.seed(20240229)
for (name in c("birthwt", "pima")) {
  d <- patients(name)
  performance <- function(y, L) {
    p <- plogis(L)
    area <- mean(outer(L[y == 1], L[y == 0], function(a, b) (a > b) + (a == b) / 2))
    c(area, unname(coef(glm(y ~ L, family = binomial))[2]), mean((y - p)^2))
  }
  gain <- replicate(2000, {
    drawn <- d$data[sample(nrow(d$data), replace = TRUE), ]
    fit <- suppressWarnings(glm(d$formula, binomial, drawn))
    performance(drawn[[d$outcome]], unname(predict(fit))) - performance(d$y, unname(predict(fit, d$data)))
  })
  result[[name]]$optimism <- list(mean = rowMeans(gain), std_error = apply(gain, 1, sd) / sqrt(ncol(gain)),
                                  sd = apply(gain, 1, sd))
  cat(name, "optimism", rowMeans(gain), "\n")
}
result$versions <- list(R = R.version.string, pROC = as.character(packageVersion("pROC")),
                        car = as.character(packageVersion("car")), brglm2 = as.character(packageVersion("brglm2")))
write_json(result, "logistic_validation_reference.json", digits = I(17), auto_unbox = TRUE, null = "null", na = "null",
           pretty = TRUE)
