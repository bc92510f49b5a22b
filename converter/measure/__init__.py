"""Scores of a model: on a split, on photos, and how reliable the labels are."""
