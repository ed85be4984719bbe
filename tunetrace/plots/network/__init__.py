"""Pictures of what a network computes and what it has learnt."""
