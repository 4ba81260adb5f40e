"""Hengneng (衡能): weighs energy and emissions against what a government has promised, and follows up."""

__version__ = "0.3.0"
