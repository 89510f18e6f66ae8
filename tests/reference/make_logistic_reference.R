# Makes logistic_reference.json and logistic_<data set>.csv: odds ratios by maximum likelihood and by Firth's penalised
# likelihood, with limits found by root finding to 1e-12 on the log odds ratio.
# Run in this folder:  Rscript make_logistic_reference.R     (R >= 4.2 with survival, MASS, brglm2, jsonlite)

suppressPackageStartupMessages({library(survival); library(MASS); library(brglm2); library(jsonlite)})
options(digits = 17)
tight <- glm.control(epsilon = 1e-14, maxit = 200)

log_lik <- function(X, y, w, beta) {
  eta <- drop(X %*% beta)
  sum(w * (y * eta - pmax(eta, 0) - log1p(exp(-abs(eta)))))
}

# Maximum over all coefficients but those fixed, by Newton steps on the (penalised) score; the information of the
# penalty is that of all columns, fixed ones included.
maximise <- function(X, y, w, fixed = integer(0), at = numeric(0), penalised, start = rep(0, ncol(X))) {
  free <- setdiff(seq_len(ncol(X)), fixed)
  beta <- start
  beta[fixed] <- at
  objective <- function(beta) {
    eta <- drop(X %*% beta); p <- plogis(eta)
    info <- crossprod(X * sqrt(w * p * (1 - p)))
    penalty <- if (penalised) as.numeric(determinant(info)$modulus) / 2 else 0
    log_lik(X, y, w, beta) + penalty
  }
  score <- function(beta) {
    eta <- drop(X %*% beta); p <- plogis(eta)
    W <- w * p * (1 - p)
    residual <- w * (y - p)
    if (penalised) {
      info <- crossprod(X * sqrt(W))
      h <- W * rowSums((X %*% solve(info)) * X)
      residual <- residual + h * (0.5 - p)
    }
    drop(crossprod(X, residual))
  }
  value <- objective(beta)
  for (iteration in 1:500) {
    u <- score(beta)[free]
    # A numerical Hessian by central differences of the exact score keeps this independent of the code it checks.
    H <- sapply(free, function(j) {
      d <- 1e-5 * max(1, abs(beta[j])); up <- down <- beta
      up[j] <- up[j] + d; down[j] <- down[j] - d
      (score(up)[free] - score(down)[free]) / (2 * d)
    })
    H <- matrix(H, length(free)); H <- (H + t(H)) / 2
    e <- eigen(-H, symmetric = TRUE)
    step <- drop(e$vectors %*% (crossprod(e$vectors, u) / pmax(abs(e$values), 1e-10)))
    step <- step * min(1, 3 / max(abs(step)))
    repeat {
      new <- beta; new[free] <- beta[free] + step
      new_value <- objective(new)
      if ((is.finite(new_value) && new_value >= value - 1e-12 * (1 + abs(value))) || max(abs(step)) < 1e-14) break
      step <- step / 2
    }
    beta <- new; value <- new_value
    if (max(abs(step)) < 1e-13 * max(1, abs(beta))) break
  }
  list(beta = beta, value = value, score = score(beta))
}

# Scaling the columns leaves the answer alone and keeps the differences above well conditioned.
fit_all <- function(X, y, w, assign, penalised) {
  scale <- apply(X, 2, function(x) if (diff(range(x)) == 0) 1 else sd(x))
  X <- sweep(X, 2, scale, "/")
  best <- maximise(X, y, w, penalised = penalised)
  p <- plogis(drop(X %*% best$beta))
  se <- sqrt(diag(solve(crossprod(X * sqrt(w * p * (1 - p))))))
  target <- best$value - qchisq(0.95, 1) / 2
  limit <- function(j, side) {
    last <- best$beta
    height <- function(value) {
      m <- maximise(X, y, w, j, value, penalised, last)
      last <<- m$beta
      m$value - target
    }
    near <- best$beta[j]; far <- near + side * se[j]
    while (height(far) > 0) { near <- far; far <- far + side * se[j] }
    last <<- best$beta
    uniroot(height, sort(c(near, far)), tol = 1e-13, maxiter = 1000)$root
  }
  columns <- seq_len(ncol(X))[-1]
  fall <- function(fixed) 2 * (best$value - maximise(X, y, w, fixed, rep(0, length(fixed)), penalised, best$beta)$value)
  lrt <- lapply(setdiff(unique(assign), 0), function(term) {
    own <- which(assign == term)
    statistic <- fall(own)
    list(statistic = statistic, df = length(own), p_value = pchisq(statistic, length(own), lower.tail = FALSE))
  })
  list(
    names = colnames(X)[-1],
    coef = unname(best$beta / scale)[-1],
    intercept = unname(best$beta / scale)[1],
    std_error = unname(se / scale)[-1],
    p_wald = unname(2 * pnorm(-abs(best$beta / se)))[-1],
    low = sapply(columns, limit, side = -1) / scale[-1],
    high = sapply(columns, limit, side = 1) / scale[-1],
    p_single = unname(pchisq(sapply(columns, fall), 1, lower.tail = FALSE)),
    log_likelihood = log_lik(X, y, w, best$beta),
    score = max(abs(best$score)),
    tests = lrt
  )
}

reference <- function(name, data, formula, weight = NULL) {
  data$w_ <- if (is.null(weight)) 1 else data[[weight]]
  data <- data[complete.cases(data[c(all.vars(formula), "w_")]), ]
  outcome <- all.vars(formula)[1]
  write.csv(data[c(all.vars(formula), weight)], paste0("logistic_", name, ".csv"), row.names = FALSE)
  used <- data[data$w_ > 0, ]
  g <- glm(formula, binomial, used, weights = w_, control = tight)
  X <- model.matrix(g)
  keep <- !is.na(coef(g))
  own <- fit_all(X[, keep], used[[outcome]], used$w_, attr(X, "assign")[keep], penalised = FALSE)
  names(own$low) <- names(own$high) <- NULL
  stopifnot(max(abs(own$coef - coef(g)[keep][-1]) / pmax(own$std_error, 1e-8)) < 1e-8)
  d1 <- drop1(g, test = "LRT")
  # summary(glm) takes the standard errors from the weights of the last step but one: good to about 1e-7 only.
  own$glm <- list(
    coef = unname(coef(g)[keep][-1]),
    std_error = unname(summary(g)$coefficients[-1, 2]),
    z = unname(summary(g)$coefficients[-1, 3]),
    p_value = unname(summary(g)$coefficients[-1, 4])
  )
  own$drop1 <- list(term = rownames(d1)[-1], statistic = d1$LRT[-1], df = d1$Df[-1], p_value = d1$`Pr(>Chi)`[-1])
  own$aliased <- names(coef(g))[!keep]
  out <- list(ml = own, n = sum(used$w_), n_event = sum(used$w_ * used[[outcome]]))
  firth <- fit_all(X[, keep], used[[outcome]], used$w_, attr(X, "assign")[keep], penalised = TRUE)
  names(firth$low) <- names(firth$high) <- NULL
  b <- glm(formula, binomial, used, weights = w_, method = "brglmFit", type = "AS_mean",
           control = list(epsilon = 1e-12, maxit = 10000))
  firth$brglm2 <- list(coef = unname(coef(b)[keep][-1]), std_error = unname(summary(b)$coefficients[-1, 2]))
  out$firth <- firth
  cat(name, ": ml score", own$score, " firth score", firth$score, " brglm2 - own",
      max(abs(firth$brglm2$coef - firth$coef)), "\n")
  out
}

firth_only <- function(name, data, formula, weight = NULL) {
  data$w_ <- if (is.null(weight)) 1 else data[[weight]]
  write.csv(data[c(all.vars(formula), weight)], paste0("logistic_", name, ".csv"), row.names = FALSE)
  used <- data[data$w_ > 0, ]
  X <- model.matrix(formula, used)
  outcome <- all.vars(formula)[1]
  firth <- fit_all(X, used[[outcome]], used$w_, attr(X, "assign"), penalised = TRUE)
  names(firth$low) <- names(firth$high) <- NULL
  b <- glm(formula, binomial, used, weights = w_, method = "brglmFit", type = "AS_mean",
           control = list(epsilon = 1e-12, maxit = 10000))
  firth$brglm2 <- list(coef = unname(coef(b)[-1]), std_error = unname(summary(b)$coefficients[-1, 2]))
  cat(name, ": firth score", firth$score, " brglm2 - own", max(abs(firth$brglm2$coef - firth$coef)), "\n")
  list(firth = firth, n = sum(used$w_), n_event = sum(used$w_ * used[[outcome]]))
}

levels_of <- function(data) Filter(Negate(is.null), lapply(data, function(x) if (is.factor(x)) levels(x)))
result <- list()
add <- function(name, data, formula, weight = NULL, by = reference) {
  r <- by(name, data, formula, weight)
  r$outcome <- all.vars(formula)[1]
  r$covariates <- all.vars(formula)[-1]
  r$weight <- weight
  r$levels <- levels_of(data[all.vars(formula)])
  result[[name]] <<- r
}

bw <- within(birthwt, {race <- factor(race, labels = c("white", "black", "other")); smoke <- factor(smoke, labels = c("no", "yes"))
                       ptl <- factor(ptl > 0, labels = c("no", "yes")); ht <- factor(ht, labels = c("no", "yes"))})
add("birthwt", bw, low ~ age + lwt + race + smoke + ptl + ht + ui)
pima <- within(Pima.tr, diabetes <- as.integer(type == "Yes"))
add("pima", pima, diabetes ~ npreg + glu + bp + skin + bmi + ped + age)
lu <- within(lung, {dead <- status - 1L; sex <- factor(sex, labels = c("male", "female")); ph.ecog <- factor(pmin(ph.ecog, 2))})
add("lung", lu, dead ~ age + sex + ph.ecog + wt.loss)
inf <- within(infert, {spontaneous <- factor(spontaneous); induced <- factor(induced); total <- as.integer(as.character(spontaneous)) + as.integer(as.character(induced))})
add("infert", inf, case ~ education + spontaneous + induced + parity)
long <- rbind(transform(esoph, case = 1L, count = ncases), transform(esoph, case = 0L, count = ncontrols))
long <- within(long, {agegp <- factor(agegp, ordered = FALSE); alcgp <- factor(alcgp, ordered = FALSE); tobgp <- factor(tobgp, ordered = FALSE)})
levels(long$agegp)[1:2] <- "25-44"  # the youngest have one case among 116: joined as is usual
add("esoph", long, case ~ agegp + alcgp + tobgp, "count")
ucb <- within(as.data.frame(UCBAdmissions), admitted <- as.integer(Admit == "Admitted"))
add("ucb", ucb, admitted ~ Gender + Dept, "Freq")
tit <- within(as.data.frame(Titanic), survived <- as.integer(Survived == "Yes"))
add("titanic", tit, survived ~ Class + Sex + Age, "Freq")
data(endometrial)
add("endometrial", endometrial, HG ~ NV + PI + EH, by = firth_only)
zero <- data.frame(exposed = factor(c("no", "no", "yes", "yes")), event = c(0L, 1L, 0L, 1L), count = c(12L, 5L, 0L, 7L))
add("zero_cell", zero, event ~ exposed, "count", by = firth_only)

# A column that the others make up: spontaneous + induced abortions, in infert as numbers.
alias <- transform(infert, total = spontaneous + induced)
# glm looks for such columns with a tolerance of epsilon / 1000, which has to stay above rounding.
loose <- glm(case ~ spontaneous + induced + total + age, binomial, alias)
g <- glm(case ~ spontaneous + induced + age, binomial, alias, control = tight)
result$alias <- list(aliased = names(coef(loose))[is.na(coef(loose))], coef = as.list(coef(g)))
write.csv(alias[c("case", "spontaneous", "induced", "total", "age")], "logistic_alias.csv", row.names = FALSE)

# Published for the endometrial cancer data by Heinze & Schemper (2002), Statistics in Medicine 21:2409.
result$published <- list(nv = 2.929, nv_low = 0.610, nv_high = 7.855, nv_std_error = 1.551)
result$versions <- list(R = R.version.string, brglm2 = as.character(packageVersion("brglm2")),
                        survival = as.character(packageVersion("survival")), MASS = as.character(packageVersion("MASS")))
write_json(result, "logistic_reference.json", digits = I(17), auto_unbox = TRUE, null = "null", na = "null", pretty = TRUE)
