"""What the models say about a person: which apply, what they answer, and how that is written down."""
