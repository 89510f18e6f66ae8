"""Scripts that compute a view again: the same steps in Python and in R, with the rows and the numbers of the page."""
