"""Drawings of circuits, and histograms of counts.

What comes in is a program, or counts; what goes out is text or SVG. Circuits are drawn inside the
fence; a histogram is made by whoever has the counts, and imports nothing.

It uses `language` and `circuits`. Begin with `drawing.py`, or `histogram.py`.
"""
