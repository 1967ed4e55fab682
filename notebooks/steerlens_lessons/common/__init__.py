"""What several lessons share: equations and their check, answers to exercises, counts and medians."""
