"""The one error of the plant. Nothing else belongs here."""


class PlantError(Exception):
    """The plant was asked for something that cannot happen; the message is a full sentence."""
