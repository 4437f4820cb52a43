"""Visits: questionnaires out of the pack, rounds, teams, submissions and self-reports."""
