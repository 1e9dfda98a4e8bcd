"""What the bench refuses, each with a sentence for the person who asked."""


class LabError(ValueError):
    """The bench refuses a command; the message says why and what would be right."""


class AddressError(LabError):
    """There is no such number on the bench."""


class NoValueError(LabError):
    """The number exists but has no value now, such as a loss without a target."""
