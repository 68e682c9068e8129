"""Keeping a card, charging it, and forgetting it."""
