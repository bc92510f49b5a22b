"""The methods that `compare` sets side by side, and what their sources claim.

What the paper says of each source is all that we know of it, except where a row says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """One row of the comparison.

    Attributes:
        source: whom it follows.
        claim: the accuracy that the source gives, and on what.
        trained: the network to train; the method's own name if None.
        precision: in which it is trained; as all others if None.
    """

    source: str
    claim: str
    trained: str | None = None
    precision: str | None = None


# The cheapest to train first: who stops early has more rows.
METHODS = {
    "edges": Method(
        "Babajee",
        "none given; its own abstract tells of a CNN with 79.8 %",
        precision="float32",  # bfloat16 is too coarse for the differences of grey values
    ),
    "nine_layer": Method("Liu", "none given"),
    "xception": Method(
        "Helaly; Hajjaji",
        "94 % on FER2013, on a GPU; 89 % on a Raspberry Pi 4 (what was measured: not stated)",
    ),
    "conv4pool4": Method("Begaj and Topal", "91.62 % on ICV-MEFED and FER2013"),
    "conv4pool2": Method("Ansamma", "74.4 % on FER2013, 91.2 % on JAFFE"),
    "residual": Method("this project's network", "-"),
    # In bfloat16 TensorFlow's 5x5 depthwise convolutions take twice as long.
    "efficientnet_lite": Method("Ab Wahab", "see features_knn", precision="float32"),
    "features_knn": Method("Ab Wahab", "75.26 % on FER2013", trained="efficientnet_lite"),
    "paper": Method("the paper", "none given"),
}
