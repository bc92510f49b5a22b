"""The window: a web page that shows what the box does, and steers it, as a client of its control socket."""
