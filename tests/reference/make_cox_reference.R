# Makes cox_reference.json and cox_<data set>.csv: Cox models with strata, delayed entry, robust and weighted fits, profile
# limits, tests of proportional hazards with their residuals and smooth curves, and concordance.
# Run in this folder:  Rscript make_cox_reference.R     (R >= 4.2 with survival >= 3.5, KMsurv, splines, jsonlite)

suppressPackageStartupMessages({library(survival); library(splines); library(jsonlite)})
options(digits = 17, warn = 1)
tight <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 50)

data_sets <- list()
keep <- function(name, d) data_sets[[name]] <<- d[stats::complete.cases(d), , drop = FALSE]

keep("lung", with(lung, data.frame(time, event = status - 1, age, sex, ecog = factor(ph.ecog), karno = ph.karno,
                                   institution = inst, share = 0.5 + (seq_len(nrow(lung)) %% 7) / 3)))
keep("veteran", with(veteran, data.frame(time, event = status, trt, celltype = factor(as.character(celltype)), karno,
                                         diagtime, age, prior)))
keep("ovarian", with(ovarian, data.frame(time = futime, event = fustat, age, resid = resid.ds, rx, ecog = ecog.ps)))
deaths <- subset(colon, etype == 2)
keep("colon", with(deaths, data.frame(time, event = status, rx = factor(as.character(rx)), sex, age, obstruct, nodes,
                                      extent = factor(extent), node4, id)))
keep("colon_both", with(subset(colon, id <= 300), data.frame(id, time, event = status, rx = factor(as.character(rx)), sex,
                                                             age, nodes, etype)))
keep("kidney", with(kidney, data.frame(id, time, event = status, age, sex, disease = factor(as.character(disease)))))
keep("heart", with(heart, data.frame(id, entry = start, time = stop, event, age, year, surgery,
                                     transplant = as.integer(transplant) - 1)))
some <- rotterdam[seq(1, nrow(rotterdam), by = 4), ]
keep("rotterdam", with(some, data.frame(time = dtime, event = death, age, meno, size = factor(as.integer(size)), grade,
                                        nodes, pgr, er, hormon, chemo)))
keep("stanford2", with(stanford2, data.frame(time, event = status, age, t5)))
data(bmt, package = "KMsurv")
keep("bmt", with(bmt, data.frame(time = t2, event = d3, group = factor(group), age = z1, donor = z2, fab = z8,
                                 hospital = z9, share = 1 / (0.3 + (seq_len(nrow(bmt)) %% 5) / 6))))
set.seed(41)
keep("ties", data.frame(time = sample(0:4, 60, replace = TRUE), event = rbinom(60, 1, 0.7),
                        arm = factor(sample(c("a", "b", "c"), 60, replace = TRUE)), x = round(rnorm(60), 2),
                        block = sample(1:4, 60, replace = TRUE), share = round(runif(60, 0.2, 3), 3)))
data_sets$ties$part <- with(data_sets$ties, ifelse(block == 1, 0, x))

for (name in names(data_sets)) {
  d <- data_sets[[name]]
  for (column in names(d)) if (is.numeric(d[[column]])) d[[column]] <- sub("^ +", "", formatC(d[[column]], digits = 17, format = "g"))
  write.csv(d, sprintf("cox_%s.csv", name), row.names = FALSE, quote = FALSE)
}

number <- function(x) ifelse(is.finite(x), x, NA)

response <- function(d, entry) if (is.null(entry)) "Surv(time, event)" else sprintf("Surv(%s, time, event)", entry)

# Where the profile likelihood has fallen by half the chi-squared quantile, to 1e-12.
profile_limits <- function(d, X, entry, fit, ties) {
  y <- if (is.null(entry)) Surv(d$time, d$event) else Surv(d[[entry]], d$time, d$event)
  target <- fit$loglik[2] - qchisq(0.95, 1) / 2
  limit <- function(j, side) {
    height <- function(value) {
      if (ncol(X) == 1)
        return(coxph(y ~ X, ties = ties, init = value, control = coxph.control(iter.max = 0))$loglik[2] - target)
      coxph(y ~ X[, -j, drop = FALSE] + offset(value * X[, j]), ties = ties, control = tight)$loglik[2] - target
    }
    near <- coef(fit)[j]; far <- near + side * sqrt(vcov(fit)[j, j])
    while (height(far) > 0) { near <- far; far <- far + side * sqrt(vcov(fit)[j, j]) }
    uniroot(height, sort(c(near, far)), tol = 1e-13, maxiter = 1000)$root
  }
  list(low = vapply(seq_len(ncol(X)), limit, 0, side = -1), high = vapply(seq_len(ncol(X)), limit, 0, side = 1))
}

smooth_curve <- function(z, i, zz, nsmo = 40, df = 4) {
  pred <- seq(min(z$x), max(z$x), length = nsmo)
  lmat <- ns(c(pred, z$x), df = df, intercept = TRUE)
  pmat <- lmat[1:nsmo, ]; xmat <- lmat[-(1:nsmo), ]
  y <- z$y[, i]; keep <- !is.na(y)
  q <- qr(xmat[keep, ])
  if (q$rank < df) return(NULL)
  bk <- backsolve(q$qr[1:df, 1:df], diag(df))
  list(smooth = drop(pmat %*% qr.coef(q, y[keep])),
       half = zz * sqrt(z$var[i, i] * drop(((pmat %*% (bk %*% t(bk))) * pmat) %*% rep(1, df))))
}

model <- function(data, covariates, entry = NULL, strata = NULL, ties = "efron", cluster = NULL, share = NULL,
                  robust = FALSE, profile = FALSE, zph = character(0)) {
  d <- data_sets[[data]]
  terms <- c(covariates, if (!is.null(strata)) sprintf("strata(%s)", strata), if (!is.null(cluster)) sprintf("cluster(%s)", cluster))
  d$share_ <- if (is.null(share)) rep(1, nrow(d)) else as.numeric(d[[share]])
  formula <- as.formula(paste(response(d, entry), "~", paste(terms, collapse = " + ")))
  fit <- if (is.null(share)) eval(bquote(coxph(.(formula), d, ties = .(ties), robust = .(robust || !is.null(cluster)), control = tight)))
         else eval(bquote(coxph(.(formula), d, weights = share_, ties = .(ties), robust = TRUE, control = tight)))
  is_robust <- robust || !is.null(cluster) || !is.null(share)
  drop_test <- lapply(covariates, function(name) {
    if (is_robust) {
      own <- fit$assign[[name]]
      return(list(statistic = drop(coef(fit)[own] %*% solve(vcov(fit)[own, own]) %*% coef(fit)[own]), df = length(own)))
    }
    rest <- update(fit, as.formula(paste(". ~ . -", name)))
    list(statistic = 2 * (fit$loglik[2] - rev(rest$loglik)[1]), df = length(fit$assign[[name]]))
  })
  out <- list(data = data, covariates = I(covariates), entry = entry, strata = strata, ties = ties, cluster = cluster,
              share = share, robust = robust, estimate = I(unname(coef(fit))), std_error = I(unname(sqrt(diag(vcov(fit))))),
              log_likelihood = fit$loglik[2], tests = drop_test,
              concordance = unname(fit$concordance["concordance"]), concordance_se = unname(fit$concordance["std"]))
  if (profile) out <- c(out, list(profile = profile_limits(d, model.matrix(fit), entry, fit, ties)))
  out$zph <- lapply(zph, function(transform) {
    z <- cox.zph(fit, transform = transform, terms = TRUE)
    each <- cox.zph(fit, transform = transform, terms = FALSE)
    order_ <- order(each$time)
    tests <- list(transform = transform, statistic = unname(z$table[, "chisq"]), df = unname(z$table[, "df"]),
                  p = unname(z$table[, "p"]), coefficient = I(unname(each$table[-nrow(each$table), "chisq"])))
    # The residuals of every event would make the file large: one transformation of the smaller data sets will do.
    if (nrow(d) > 250 || transform != zph[1]) return(tests)
    c(tests, list(time = each$time[order_],
                  beta = lapply(seq_len(ncol(each$y)), function(i) signif(number(unname(each$y[order_, i])), 12)),
                  curves = lapply(seq_len(ncol(each$y)), function(i) smooth_curve(each, i, qnorm(0.975)))))
  })
  out
}

models <- list(
  model("lung", c("age", "sex", "ecog", "karno"), profile = TRUE, zph = c("km", "identity", "rank", "log")),
  model("lung", c("age", "karno"), strata = "sex", zph = c("km", "identity")),
  model("ties", c("arm", "part"), strata = "block", zph = c("km", "rank")),
  model("lung", c("age", "sex", "ecog"), cluster = "institution"),
  model("lung", c("age", "sex"), strata = "ecog", share = "share"),
  model("veteran", c("trt", "celltype", "karno", "diagtime", "age", "prior"), profile = TRUE, zph = c("km", "identity", "rank", "log")),
  model("veteran", c("trt", "karno"), strata = "celltype", ties = "breslow", profile = FALSE, zph = c("km", "rank")),
  model("ovarian", c("age", "resid", "rx", "ecog"), profile = TRUE, zph = c("km", "identity", "rank")),
  model("colon", c("rx", "sex", "age", "obstruct", "nodes", "extent"), zph = c("km", "rank")),
  model("colon", c("rx", "nodes"), strata = "extent", ties = "breslow", zph = "identity"),
  model("colon", c("rx", "nodes"), robust = TRUE),
  model("colon_both", c("rx", "nodes", "sex"), strata = "etype", cluster = "id"),
  model("kidney", c("age", "sex", "disease"), cluster = "id", zph = c("km", "identity", "rank")),
  model("heart", c("age", "year", "surgery", "transplant"), entry = "entry", profile = TRUE, zph = c("km", "identity", "rank")),
  model("heart", c("age", "transplant"), entry = "entry", strata = "surgery", zph = c("km", "identity")),
  model("heart", c("age", "year", "surgery", "transplant"), entry = "entry", cluster = "id"),
  model("rotterdam", c("age", "meno", "size", "grade", "nodes", "pgr", "er", "hormon", "chemo"), zph = c("km", "identity")),
  model("stanford2", c("age", "t5"), profile = TRUE, zph = c("km", "identity", "rank")),
  model("bmt", c("group", "age", "donor", "fab"), strata = "hospital", zph = c("km", "rank")),
  model("bmt", c("group", "age", "donor", "fab"), share = "share"),
  model("bmt", c("group", "fab"), share = "share", cluster = "hospital", ties = "breslow"),
  model("ties", c("arm", "x"), profile = TRUE, zph = c("km", "identity", "rank")),
  model("ties", c("arm", "x"), ties = "breslow", profile = TRUE, zph = c("km", "identity", "rank")),
  model("ties", c("arm", "x"), strata = "block", zph = c("km", "identity", "rank")),
  model("ties", c("arm", "x"), share = "share"),
  model("ties", c("arm", "x"), cluster = "block", strata = "block"),
  model("ties", c("arm", "x"), robust = TRUE)
)

concordance_case <- function(data, score, entry = NULL, strata = NULL) {
  d <- data_sets[[data]]
  y <- if (is.null(entry)) Surv(d$time, d$event) else Surv(d[[entry]], d$time, d$event)
  x <- as.numeric(d[[score]])
  fit <- if (is.null(strata)) concordance(y ~ x, reverse = TRUE) else concordance(y ~ x + strata(d[[strata]]), reverse = TRUE)
  list(data = data, score = score, entry = entry, strata = strata, value = unname(fit$concordance), std_error = unname(sqrt(fit$var)))
}

concordances <- list(
  concordance_case("lung", "karno"), concordance_case("lung", "age", strata = "institution"),
  concordance_case("colon", "nodes"), concordance_case("colon", "nodes", strata = "rx"),
  concordance_case("heart", "age", entry = "entry"), concordance_case("heart", "age", entry = "entry", strata = "surgery"),
  concordance_case("rotterdam", "nodes"), concordance_case("ties", "x"), concordance_case("ties", "share", strata = "block"),
  concordance_case("kidney", "age", strata = "id"), concordance_case("stanford2", "age"), concordance_case("bmt", "age")
)

write_json(list(models = models, concordances = concordances), "cox_reference.json", digits = NA, auto_unbox = TRUE, na = "null",
           null = "null")
