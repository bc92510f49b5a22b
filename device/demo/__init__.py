"""The box on a laptop: the real daemon, with songs and an MPD of its own, and a panel in the terminal."""
