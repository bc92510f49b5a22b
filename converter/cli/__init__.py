"""The command line `moodbox-converter`."""
