"""Helpers of the course: the plumbing behind the chapters, never the lesson.

In the order in which data flow through them:

- `datasets` and `synthetic` make tables; `netflix` and `netflix_sample` those that need not fit
  into memory;
- `interactions` splits and indexes ratings, `metadata` makes facts of the other columns;
- `models`, `networks`, `bayesian` and `spark` fit, and `grid` compares settings;
- `recommend` ranks, `metrics` measures;
- `plots` draws, `maps` makes a map to search and hover over;
- `checks` marks `exercises`, `reports` records that if a learner wants it, and `collect` makes a
  table of a class's reports.

They meet in one place, the scorer: a function that takes row numbers of users, and returns one
score per user and item. Whatever has one can be ranked and measured like every model of the course.
"""
