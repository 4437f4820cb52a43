"""The page kit: base page, components, how a view answers. Knows no app."""
