"""Every attack, by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attackers import (
    callbacks,
    changes,
    checks,
    drawings,
    floods,
    followers,
    headers,
    pipelining,
    searches,
    storage,
    submissions,
)
from attackers.ground import Attack
from attackers.wire import HERE

_ALL = (
    Attack("Accept of commas", headers.accept_of_commas, "1", brief=True),
    Attack("lists in headers", headers.lists_in_headers, "1", brief=True),
    Attack("long headers of submissions", headers.preferences_of_submissions, "1"),
    Attack("endless loops", checks.endless_loops, "2", brief=True),
    Attack(
        "endless loops from the same address",
        checks.more_endless_loops,
        "2",
        brief=True,
        source=HERE,
    ),
    Attack("batches of endless loops", checks.batches_of_endless_loops, "2", brief=True),
    Attack("slow programs", checks.slow_programs, "2", brief=True),
    Attack("checks that nobody waits for", checks.abandoned_checks, "2"),
    Attack("feeds at 50 connections", followers.feeds, "3", followers.FEW, brief=True),
    Attack("silence at 50 connections", followers.silence, "3", followers.FEW, brief=True),
    Attack("searches", searches.searches, "4", brief=True),
    Attack("other searches", searches.other_searches, "4"),
    Attack("long pages", searches.long_pages, "4"),
    Attack("the same drawing", drawings.the_same_drawing, "5", brief=True),
    Attack("different drawings", drawings.different_drawings, "5", brief=True),
    Attack("slow receivers", callbacks.slow_receivers, "6", brief=True),
    Attack("one slow receiver", callbacks.one_slow_receiver, "6"),
    Attack("receivers that are not there", callbacks.refusing_receivers, "6"),
    Attack("tiny headers, pipelined", pipelining.tiny_headers, "7", brief=True),
    Attack(
        "requests ahead of their turn", pipelining.requests_ahead, "7", brief=True, most_mb=100
    ),
    Attack("many requests ahead", pipelining.many_requests_ahead, "7", most_mb=500),
    Attack("answers not read", pipelining.requests_not_read, "7"),
    Attack("large results", storage.large_results, "8", brief=True),
    Attack("large results in every view", storage.large_results_in_every_view, "8", brief=True),
    Attack("exact states", storage.exact_states, "8", brief=True),
    Attack("large results not read", storage.large_results_not_read, "8"),
    Attack("the feed from its beginning", followers.the_feed_from_its_beginning, "9", brief=True),
    Attack("slow followers", followers.slow_followers, "9"),
    Attack("batches of a thousand", submissions.batches),
    Attack("one idempotency key for all", submissions.one_key_for_all),
    Attack("sweeps", submissions.sweeps),
    Attack("megabytes of JSON", submissions.megabytes_of_json, brief=True),
    Attack("one task that all change", changes.one_task_changed_by_all),
    Attack("cancelled by tag", changes.cancelled_by_tag),
    Attack("cancelled by a tag of all", changes.cancelled_by_a_tag_of_all),
    Attack("cancelled by filter", changes.cancelled_by_filter),
    Attack("reruns of a long program", changes.reruns),
    Attack("deletions", changes.deletions),
    Attack("tasks that do not exist", floods.unknown_tasks),
    Attack("rubbish instead of HTTP", floods.rubbish, brief=True),
    Attack("watchers of the queue", floods.watchers),
    Attack("answers to compress", floods.compressed, brief=True),
    Attack("connections without requests", floods.connections),
    Attack("slow bodies", floods.slow_bodies),
    Attack("files", floods.files),
    Attack("long queries", floods.long_queries),
    Attack("long polls", floods.long_polls),
    Attack("pages of a foreign origin", floods.foreign_pages),
)
ATTACKS = {attack.name: attack for attack in _ALL}


def chosen(words: Sequence[str]) -> Iterator[Attack]:
    """Those with one of these words in their name, or as their number; without words, all."""
    for attack in _ALL:
        if not words or any(word == attack.row or word in attack.name for word in words):
            yield attack
