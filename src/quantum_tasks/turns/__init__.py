"""Who goes first when many want the same. Nobody shall wait for long because of another client.

Input: who asks, for example a client address. Output: a turn, or a refusal. This room knows
nothing of tasks, and uses no other room. Begin with `fairness.py`.
"""
