"""The exercises of each chapter: the input to try, the right answer, the typical mistakes."""
