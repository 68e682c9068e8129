"""Staff and invitations for programs, below /api/."""
