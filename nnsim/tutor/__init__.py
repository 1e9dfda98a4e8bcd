"""The tutor: lessons from markdown, played on a bench, without a screen."""
