"""Surveys: the questionnaire made from the pack, rounds and teams, visits, self-reports."""
