"""Many trainings of the network on the bench at once."""
