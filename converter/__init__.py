"""Trains, quantizes and measures the models that the box ships with."""
