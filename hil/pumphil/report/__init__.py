"""The run report: what a person sees of a run, as one self-contained HTML file, and its figures as PNG or SVG.

Usage:
    from pumphil.report.html import render
    from pumphil.report.plots import save_plot

Deliberately imports nothing here: a run that writes no report must not pay for a plotting library.
"""
