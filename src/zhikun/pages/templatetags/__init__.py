"""Template tags and filters of the page kit: `{% load pages %}`."""
