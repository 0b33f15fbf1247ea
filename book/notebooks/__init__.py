"""The chapters as notebooks that need nothing of the book: for Colab, JupyterLab and VS Code.

`python -m book.notebooks FOLDER` writes two of each chapter in each language: for learners, without
the solutions, and for teachers, with them.
"""
