"""What the libraries underneath answer wrongly, with the smallest program that shows each case.

raw.py runs a program through them as a user would; cases.py has the programs, README.md the
words for a report upstream; `python -m upstream.survey` (in tests/) runs every program of
`language` that way.
"""
