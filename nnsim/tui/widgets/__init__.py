"""Widgets of the app: each a view of the bench."""
