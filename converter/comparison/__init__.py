"""Methods side by side: the same training, the same measures, one table."""
