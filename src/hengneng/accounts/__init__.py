"""People: who they are, what offices they hold, how they sign in."""
