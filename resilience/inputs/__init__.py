"""Load and validate: case files, data sets, templates that come back, and what follows from them."""
