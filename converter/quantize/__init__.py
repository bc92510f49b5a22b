"""From training runs to the integer model that the box runs, with its card."""
