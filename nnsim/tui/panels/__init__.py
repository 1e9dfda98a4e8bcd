"""The panels of the bench, a folder for each number key."""
