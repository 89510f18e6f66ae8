# Makes clip_reference.json: limits and p values from combined penalised profile likelihoods (Heinze, Ploner and Beyea 2013) of
# three data sets in which a level has no events. The penalised likelihood is written out; brglm2 gives its maximum, optim the
# maximum over the other coefficients.
# Run in this folder:  Rscript make_clip_reference.R     (R >= 4.2 with brglm2, jsonlite)

suppressPackageStartupMessages({library(brglm2); library(jsonlite)})
options(digits = 17)
set.seed(20251)
n <- 60
sets <- lapply(1:3, function(s) {
  set.seed(7); x <- rep(c("a", "b", "c"), c(30, 22, 8)); z <- round(rnorm(n), 2)
  y <- rbinom(n, 1, ifelse(x == "c", 0, plogis(-1 + 0.6 * z)))
  set.seed(100 + s)
  # Some values imputed anew in each set.
  unknown <- c(3, 12, 25, 33, 41, 50); z[unknown] <- round(rnorm(6), 2)
  x[c(5, 40)] <- sample(c("a", "b"), 2, TRUE)
  data.frame(y, x = factor(x), z)
})
penalised <- function(beta, X, y) {
  eta <- drop(X %*% beta); p <- plogis(eta)
  sum(y * eta - log1p(exp(eta))) + as.numeric(determinant(crossprod(X * sqrt(p * (1 - p))))$modulus) / 2
}
fits <- lapply(sets, function(d) {
  X <- model.matrix(~ x + z, d)
  b <- coef(glm(y ~ x + z, binomial, d, method = "brglmFit", type = "AS_mean", control = list(epsilon = 1e-14, maxit = 1e4)))
  list(X = X, y = d$y, b = b, top = penalised(b, X, d$y))
})
root <- function(f, j, value) {
  rest <- f$b[-j]
  objective <- function(r) { beta <- numeric(length(f$b)); beta[j] <- value; beta[-j] <- r; -penalised(beta, f$X, f$y) }
  best <- rest
  for (i in 1:4) best <- optim(best, objective, method = "BFGS", control = list(reltol = 1e-16, maxit = 2000))$par
  sign(value - f$b[j]) * sqrt(max(0, 2 * (f$top + objective(best))))
}
below <- function(j, value) mean(sapply(fits, function(f) pnorm(root(f, j, value))))
limits <- sapply(2:4, function(j) c(
  uniroot(function(b) below(j, b) - 0.025, c(-12, mean(sapply(fits, function(f) f$b[j]))), tol = 1e-12)$root,
  uniroot(function(b) below(j, b) - 0.975, c(mean(sapply(fits, function(f) f$b[j])), 12), tol = 1e-12)$root))
p <- sapply(2:4, function(j) 2 * min(below(j, 0), 1 - below(j, 0)))
result <- list(versions = list(R = R.version.string, brglm2 = as.character(packageVersion("brglm2"))),
               sets = lapply(sets, function(d) list(y = d$y, x = as.character(d$x), z = d$z)),
               term = names(fits[[1]]$b)[-1], estimate = unname(rowMeans(sapply(fits, function(f) f$b))[-1]),
               low = limits[1, ], high = limits[2, ], p_value = p)
write_json(result, "clip_reference.json", digits = NA, auto_unbox = TRUE)
print(result[c("term", "estimate", "low", "high", "p_value")])
