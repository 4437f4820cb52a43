"""What the screening cannot do, in words for the officer."""


class ScreeningRefused(ValueError):
    """A month that cannot be screened, or a question that cannot be answered: what, why, the way out."""


class ScreeningDamaged(ScreeningRefused):
    """Something kept by an earlier month cannot be read; nothing was written over it."""
