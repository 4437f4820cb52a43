"""Households, members and facts with their source and date: the household file (一户一档)."""
