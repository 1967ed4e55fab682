"""What every room uses: checks of arguments, work in chunks, modes of models, progress bars."""
