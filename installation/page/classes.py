"""Pictures of what the embedded network tells apart, for those who choose a channel."""

from functools import cache
from io import BytesIO

from PIL import Image

from engine.bestiary.patterns import picture

SEED = 5  # its cat is one cat, and its skull looks at us


@cache
def class_picture(name: str) -> bytes:
    """A PNG, 64 x 64. Raises LookupError for a name that is none."""
    kept = BytesIO()
    Image.fromarray(picture(name, SEED)).save(kept, "PNG")
    return kept.getvalue()
