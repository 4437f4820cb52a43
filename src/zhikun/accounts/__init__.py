"""Officers, their organisations, roles, appointments and how they sign in."""
