"""Inputs that mean harm, and what the real service must make of them."""
