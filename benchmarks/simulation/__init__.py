"""Evenings of restaurants that never were: floors, guests, ways to seat them, and the best there could have been."""
