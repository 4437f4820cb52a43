"""Masks on pages."""
