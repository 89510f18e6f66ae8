"""Pure functions of equal-length arrays and frequency weights; each returns a frozen result.

Every public estimator is offered here by its name, whatever module it stands in.
"""

from analytics.estimators.competing.cumulative_incidence import estimate_cumulative_incidence, gray_test
from analytics.estimators.competing.predicted_hazards import predict_hazard_risk, predict_incidence
from analytics.estimators.competing.subdistribution import estimate_subdistribution_hazard_ratios
from analytics.estimators.curves.incidence_curve import incidence_at
from analytics.estimators.curves.survival_curve import (
    n_at_risk,
    survival_at,
    survival_quantile,
)
from analytics.estimators.curves.zero_events import (
    band_without_events,
    hidden_share,
    patients_followed,
    read_curve,
    tabulate_curves,
    tabulate_whole_curves,
)
from analytics.estimators.gower import gower_distances
from analytics.estimators.intervals import (
    check_survival_conf_type,
    clopper_pearson,
    list_wilson,
    normal_quantile,
    survival_limits,
    survival_log,
    survival_log_log,
    survival_plain,
    upper_limit_without_events,
    wilson,
)
from analytics.estimators.libraries import load_libraries
from analytics.estimators.missing.imputation import (
    combine_profiles,
    estimate_imputed_odds_ratios,
    impute,
    why_not_imputed,
)
from analytics.estimators.missing.own_level import with_own_level
from analytics.estimators.missing.patterns import count_missing
from analytics.estimators.missing.pooling import (
    pool_estimates,
    pool_odds_ratios,
    pool_test,
)
from analytics.estimators.multiplicity import adjust_p_values
from analytics.estimators.observations import time_tolerance
from analytics.estimators.odds import apply_odds_ratio, risk_by_odds_ratio
from analytics.estimators.power import (
    Detectable,
    detectable_hazard_ratios,
    detectable_in_subgroups,
    detectable_interaction,
    detectable_odds_ratio,
    detectable_odds_ratios,
    detectable_ratio,
    distance,
    schoenfeld_information,
)
from analytics.estimators.quantiles import weighted_quantiles
from analytics.estimators.regression.concordance import concordance
from analytics.estimators.regression.cox import (
    estimate_hazard_ratios,
    estimate_ratios_only,
    estimate_univariable_hazard_ratios,
)
from analytics.estimators.regression.cox_sample import CoxSample
from analytics.estimators.regression.fitted_logistic import fit_probabilities
from analytics.estimators.regression.horizon_logistic import (
    estimate_odds_ratios_by_horizon,
    estimate_univariable_odds_ratios_by_horizon,
    weigh_for_censoring,
)
from analytics.estimators.regression.interaction import subgroup_effects, subgroup_odds_ratios
from analytics.estimators.regression.logistic import estimate_odds_ratios, estimate_univariable_odds_ratios
from analytics.estimators.regression.predicted_risk import predict_risk
from analytics.estimators.regression.tables import odds_ratios_of_tables
from analytics.estimators.sensitivity import e_value, e_value_of, highest_risk
from analytics.estimators.standardised_difference import (
    standardised_mean_difference,
    standardised_share_difference,
)
from analytics.estimators.survival.differences import estimate_survival_differences, find_crossings
from analytics.estimators.survival.groupings import logrank_of_groupings
from analytics.estimators.survival.kaplan_meier import estimate_survival, follow_up
from analytics.estimators.survival.logrank import (
    logrank_test,
    pairwise_logrank,
    trend_test,
)
from analytics.estimators.survival.restricted_mean import estimate_restricted_mean
from analytics.estimators.treatment.batched import (
    join_fits,
    label_p_values,
    mantel_byar_p_values,
    naive_ratios,
    time_dependent_ratios,
)
from analytics.estimators.treatment.censoring_weights import weighted_until
from analytics.estimators.treatment.curves import (
    mantel_byar_test,
    pairwise_treatments,
    simon_makuch,
)
from analytics.estimators.treatment.hazards import naive_hazard_ratio, time_dependent_hazard_ratio
from analytics.estimators.treatment.history import SwitchingPatients, TreatmentRows
from analytics.estimators.treatment.landmark import landmark_profile, landmark_survival
from analytics.estimators.treatment.propensity import (
    estimate_propensity,
    weighted_hazard_ratio,
    weighted_survival,
)
from analytics.estimators.treatment.rows import design_of_treatment, ever_treated, split_at_treatment
from analytics.estimators.validation.calibration import estimate_calibration
from analytics.estimators.validation.collinearity import variance_inflation
from analytics.estimators.validation.concordance_optimism import concordance_optimism_by_bootstrap
from analytics.estimators.validation.discrimination import (
    estimate_brier,
    estimate_discrimination,
    estimate_scaled_brier,
)
from analytics.estimators.validation.influence import estimate_influence
from analytics.estimators.validation.model_checks import check_model, why_no_checks
from analytics.estimators.validation.optimism import optimism_by_bootstrap
from analytics.estimators.validation.proportional_hazards import proportional_hazards_test
from analytics.estimators.validation.proportional_subdistribution import proportional_subdistribution_hazards_test
from analytics.estimators.validation.splines import (
    estimate_spline,
    place_knots,
    spline_basis,
)
from analytics.results import (
    CensoringWeights,
    MissingPattern,
    MissingResult,
    MissingShare,
    PooledResult,
    as_model,
    own_level_name,
)

__all__ = [
    "CensoringWeights",
    "CoxSample",
    "Detectable",
    "MissingPattern",
    "MissingResult",
    "MissingShare",
    "PooledResult",
    "SwitchingPatients",
    "TreatmentRows",
    "adjust_p_values",
    "apply_odds_ratio",
    "as_model",
    "band_without_events",
    "check_model",
    "check_survival_conf_type",
    "clopper_pearson",
    "combine_profiles",
    "concordance",
    "concordance_optimism_by_bootstrap",
    "count_missing",
    "design_of_treatment",
    "detectable_hazard_ratios",
    "detectable_in_subgroups",
    "detectable_interaction",
    "detectable_odds_ratio",
    "detectable_odds_ratios",
    "detectable_ratio",
    "distance",
    "e_value",
    "e_value_of",
    "estimate_brier",
    "estimate_calibration",
    "estimate_cumulative_incidence",
    "estimate_discrimination",
    "estimate_hazard_ratios",
    "estimate_imputed_odds_ratios",
    "estimate_influence",
    "estimate_odds_ratios",
    "estimate_odds_ratios_by_horizon",
    "estimate_propensity",
    "estimate_ratios_only",
    "estimate_restricted_mean",
    "estimate_scaled_brier",
    "estimate_spline",
    "estimate_subdistribution_hazard_ratios",
    "estimate_survival",
    "estimate_survival_differences",
    "estimate_univariable_hazard_ratios",
    "estimate_univariable_odds_ratios",
    "estimate_univariable_odds_ratios_by_horizon",
    "ever_treated",
    "find_crossings",
    "fit_probabilities",
    "follow_up",
    "gower_distances",
    "gray_test",
    "hidden_share",
    "highest_risk",
    "impute",
    "incidence_at",
    "join_fits",
    "label_p_values",
    "landmark_profile",
    "landmark_survival",
    "list_wilson",
    "load_libraries",
    "logrank_of_groupings",
    "logrank_test",
    "mantel_byar_p_values",
    "mantel_byar_test",
    "n_at_risk",
    "naive_hazard_ratio",
    "naive_ratios",
    "normal_quantile",
    "odds_ratios_of_tables",
    "optimism_by_bootstrap",
    "own_level_name",
    "pairwise_logrank",
    "pairwise_treatments",
    "patients_followed",
    "place_knots",
    "pool_estimates",
    "pool_odds_ratios",
    "pool_test",
    "predict_hazard_risk",
    "predict_incidence",
    "predict_risk",
    "proportional_hazards_test",
    "proportional_subdistribution_hazards_test",
    "read_curve",
    "risk_by_odds_ratio",
    "schoenfeld_information",
    "simon_makuch",
    "spline_basis",
    "split_at_treatment",
    "standardised_mean_difference",
    "standardised_share_difference",
    "subgroup_effects",
    "subgroup_odds_ratios",
    "survival_at",
    "survival_limits",
    "survival_log",
    "survival_log_log",
    "survival_plain",
    "survival_quantile",
    "tabulate_curves",
    "tabulate_whole_curves",
    "time_dependent_hazard_ratio",
    "time_dependent_ratios",
    "time_tolerance",
    "trend_test",
    "upper_limit_without_events",
    "variance_inflation",
    "weigh_for_censoring",
    "weighted_hazard_ratio",
    "weighted_quantiles",
    "weighted_survival",
    "weighted_until",
    "why_no_checks",
    "why_not_imputed",
    "wilson",
    "with_own_level",
]
