"""The box on a laptop: the real daemon with its own songs and MPD, and its panel drawn in the terminal."""
