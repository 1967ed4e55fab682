"""What belongs to single lessons, a folder each; `common` has what several share."""
