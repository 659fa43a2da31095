"""Drawings of circuits, and histograms of counts.

Input: a program, or counts. Output: text or SVG. Circuits are drawn inside the fence. A histogram
imports no large library and is made in the service.

It uses `language` and `circuits`. Begin with `drawing.py`, or `histogram.py`.
"""
