"""Summarizes the card of a new model in a few lines."""

from __future__ import annotations

from device.vision.model_card import Card


def summary(card: Card) -> str:
    """Return what is worth reading of a card that `export` wrote."""
    about = card.about
    lines = [f"{card.name}: {about['network']}, {about['parameters']:,} parameters, {', '.join(card.labels)}"]
    for name, scores in about["scores"].items():
        lines.append(
            f"{name:11} float {100 * scores['float']['accuracy']:.2f} %, "
            f"int8 {100 * scores['int8']['accuracy']:.2f} % "
            f"(balanced {100 * scores['int8']['balanced_accuracy']:.2f} %); "
            f"same answer on {100 * scores['agreement']:.2f} % of {scores['int8']['count']} faces"
        )
        if by_votes := scores.get("ferplus"):
            lines.append(
                f"{'':11} against FER+'s majority, "
                f"int8 {100 * by_votes['accuracy']:.2f} % of {by_votes['count']}"
            )
    threshold, crop = about["threshold"], about["framing"]
    lines.append(f"temperature {about['temperature']['value']:.2f} ({about['temperature']['chosen_on']})")
    lines.append(
        f"threshold   {card.threshold:.2f}: names a mood for "
        f"{100 * threshold['coverage']:.1f} % of the faces, "
        f"{100 * threshold['right']:.1f} % of them right ({threshold['chosen_on']})"
    )
    lines.append(
        f"margin      {card.crop.margin:.2f}; FER2013's is {crop['margin']:.2f} (quartiles "
        f"{crop['lower']:.2f}, {crop['upper']:.2f}; {crop['found']} faces found in {crop['pictures']} images)"
    )
    if card.prior:
        factors = ", ".join(f"{mood} {factor:g}" for mood, factor in card.prior.items())
        lines.append(f"prior       times likelier in front of the box than in FER2013: {factors}")
    for name, steps in about["golden"]["steps_apart"].items():
        lines.append(f"golden      {name}: largest difference {steps} of 256")
    return "\n".join(lines)
