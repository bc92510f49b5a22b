"""Short names for estimates of the mood."""

from device.mood_estimate import MoodEstimate

certain = MoodEstimate.certain
