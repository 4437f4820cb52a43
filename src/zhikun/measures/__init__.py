"""Measures over many households: multidimensional poverty, the proxy means test, score cards.

Tables in, figures out. They describe and propose; nothing here says whether a household gets help.
"""
