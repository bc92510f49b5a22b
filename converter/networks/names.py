"""The networks that `train` can train, in a few words each, for --help; it loads no Keras."""

from __future__ import annotations

DESCRIPTIONS = {
    "paper": "the paper's",
    "residual": "the box's until `deep`",
    "slim": "narrower and one block deeper than residual",
    "deep": "the box's, twice the work of residual, a student for a GPU",
    "wide": "four times the work of residual, a teacher",
    "large": "six times the work of residual, a teacher for a GPU",
    "broad": "residual with a wider last stage",
    "squeezed": "residual with squeeze-and-excitation",
    "depthwise": "residual with depthwise convolutions",
    "fine": "residual on an enlarged crop",
    "xception": "as other authors describe it",
    "conv4pool2": "as other authors describe it",
    "conv4pool4": "as other authors describe it",
    "nine_layer": "as other authors describe it",
    "edges": "as other authors describe it",
    "efficientnet_lite": "as other authors describe it",
}


def described() -> str:
    """Return all names in one line, each with what it is, or several that are described alike."""
    names: dict[str, list[str]] = {}
    for name, what in DESCRIPTIONS.items():
        names.setdefault(what, []).append(name)
    return "; ".join(f"{', '.join(of_one)} ({what})" for what, of_one in names.items())
