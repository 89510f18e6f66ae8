"""One patient in the context of a cohort: classes by published definitions, patients like this one, the risk by a model.

What is entered of a patient stays in the values that are passed here: nothing in this package keeps, logs or links it.
"""
