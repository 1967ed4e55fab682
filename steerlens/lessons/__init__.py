"""What belongs to single lessons: checks of exercises, widgets and figures, one module a lesson."""
