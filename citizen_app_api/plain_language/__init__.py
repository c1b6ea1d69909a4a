"""From codes and resources to words that a citizen reads (pure but for the language that is active)."""
