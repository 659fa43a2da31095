"""Who goes first when many want the same, so that nobody waits for long because of somebody else.

What comes in is who asks, an address for instance; what goes out is a turn, or a refusal. Knows
nothing of tasks, and uses no other room. Begin with `fairness.py`.
"""
