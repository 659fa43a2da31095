"""Removes the guards one by one, and tells whether a test notices.

`python tests/faults/guards.py` tries all of them and prints the table of this folder's README.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from quantum_tasks.database.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]
OUTGOING = "tests/callbacks/test_outgoing.py::"
HOOKS = "tests/callbacks/test_webhooks.py::"
PUT_ASIDE = HOOKS + "test_what_is_put_aside_is_no_try_and_comes_in_turn_from_each_host"
NAMES = OUTGOING + "test_no_number_of_names_that_are_not_found_keeps_out_those_that_are_known"
SUBMISSIONS = "tests/queue/test_submissions.py::"
CHILD, EMBEDDED = "tests/fence/test_child.py::", "tests/database/test_embedded.py::"
BAD_ANSWER = CHILD + "test_a_child_that_answers_what_is_no_answer_is_killed_at_once"
STORE, POOL = "tests/queue/test_store.py::", "tests/fence/test_pool.py::"
CLAIMS = "tests/queue/test_claims.py::"
FAULTS, OUTCOMES = "tests/faults/test_faults.py::", "tests/faults/test_outcomes.py::"
ANY_FAULT = FAULTS + "test_nothing_is_lost_or_changed_by"
ORIGINS = "tests/hostile/test_origins.py::"
FAIRNESS, LANE = "tests/turns/test_fairness.py::", "tests/turns/test_lane.py::"
DOOR = "tests/web/test_door.py::"
DRAWING = "tests/pictures/test_drawing.py::"
LARGE = "tests/web/v1/test_large_results.py::"
FEED = "tests/web/v1/test_feed.py::"
CHECKING = "tests/fence/test_checking.py::"
READERS = "tests/web/v1/test_readers.py::"
STORAGE = "tests/queue/test_storage.py::"
ENDING = "tests/web/v1/test_cancelling.py::test_who_comes_while_a_task_is_ending_sees_how_it_ended"
# It holds whatever guard is missing: a tree in which it fails is broken, not unguarded.
SANITY = STORE + "test_a_task_goes_from_submission_to_result"
EDGE = "tests/hostile/test_connections.py::"


@dataclass(frozen=True)
class Guard:
    """A guard, how to take it away, and the test that fails without it."""

    name: str
    file: str
    old: str
    new: str
    test: str


# The others take longer to start than the tests to run.
_PLUGINS = ("-p", "pytest_asyncio.plugin", "-p", "pytest_timeout", "-p", "no:cacheprovider")

SQL, MIGRATION, CODE = "sql/queries/", "sql/migrations/", "src/quantum_tasks/"
EARLIER = STORE + "test_an_earlier_attempt_cannot_end_a_task_even_on_the_same_instance"
ANOTHER = STORE + "test_another_instance_cannot_end_a_task"
CANCELLATION = "tests/queue/test_cancellation.py::"
CANCELLING = CANCELLATION + "test_a_task_that_is_being_cancelled_ends_in_no_other_way"
ALONE = STORE + "test_a_task_lost_twice_runs_alone_in_its_instance"

GUARDS = [
    *(
        Guard(f"{what}: its attempt", f"{SQL}{what}.sql", "and attempt = $2 and instance",
              "and $2::int > 0 and instance", EARLIER)
        for what in ("fail", "retry")
    ),
    Guard("complete: its attempt", SQL + "complete.sql",
          "and t.attempt = g.attempt and t.instance", "and g.attempt > 0 and t.instance", EARLIER),
    *(
        Guard(f"{what}: its instance", f"{SQL}{what}.sql", "and instance = $3",
              "and $3::uuid is not null", ANOTHER)
        for what in ("fail", "retry")
    ),
    Guard("complete: its instance", SQL + "complete.sql", "and t.instance = g.instance",
          "and g.instance is not null", ANOTHER),
    Guard("complete: asked twice, answered twice", SQL + "complete.sql",
          "and t.status = 'completed'", "and false",
          STORE + "test_a_result_is_stored_once_by_the_attempt_that_owns_the_task"),
    Guard("claim: the task's status", SQL + "claim.sql", "and status = 'queued'",
          "and status in ('queued', 'running')",
          STORE + "test_concurrent_claims_never_get_the_same_task"),
    Guard("claim: skip locked", SQL + "claim.sql", "for update skip locked", "for update",
          STORE + "test_a_claim_passes_over_what_another_is_taking"),
    Guard("claim: for update", SQL + "claim.sql", "    for update skip locked\n", "",
          STORE + "test_a_claim_passes_over_what_another_is_taking"),
    Guard("claim: not before its time", SQL + "claim.sql", "and run_after <= now()", "",
          STORE + "test_a_claim_takes_only_its_own_queue_and_no_task_before_its_time"),
    Guard("claim: nothing beside a task lost twice", SQL + "claim.sql", "not mine.alone and ", "",
          ALONE),
    Guard("claim: a task lost twice beside nothing", SQL + "claim.sql",
          "s.number = 1 and mine.idle", "s.number = 1", ALONE),
    Guard("claim: only during the lease", SQL + "claim.sql", "and heartbeat_at >= now() - $5",
          "and now() >= now() - $5",
          STORE + "test_an_instance_takes_tasks_during_its_lease_only"),
    Guard("cancel: how it ended, once it is locked", SQL + "cancel.sql",
          "select id, was::text from found where was in",
          "select t.id, t.status::text from tasks t join found f on t.id = f.id where t.status in",
          f"{ENDING}[cancel]"),
    Guard("delete: how it ended, once it is locked", SQL + "delete.sql",
          "delete from tasks t using found f\n    where t.id = f.id and f.status",
          "delete from tasks\n    where id = $1 and status", f"{ENDING}[delete]"),
    Guard("rename: one change after the other", SQL + "called.sql", "for update of p\n", "",
          "tests/web/v1/test_changing.py::test_of_changes_at_the_same_time_none_is_lost"),
    Guard("cancel: only what has not ended", SQL + "cancel.sql",
          " and t.status in ('queued', 'running')", "",
          CANCELLATION + "test_what_has_ended_is_not_cancelled"),
    *(
        Guard(f"{what}: not what is being cancelled", f"{SQL}{what}.sql",
              f"and {alias}cancel_requested_at is null", "", CANCELLING)
        for what, alias in (("complete", "t."), ("fail", ""))
    ),
    Guard("cancelled: its instance", SQL + "cancelled.sql", "and instance = $3",
          "and $3::uuid is not null", CANCELLING),
    Guard("cancelled: only what shall be", SQL + "cancelled.sql",
          "      and cancel_requested_at is not null\n", "",
          CANCELLATION + "test_what_has_ended_is_not_cancelled"),
    *(
        Guard(f"{what}: what is being cancelled is not queued again", f"{SQL}{file}.sql",
              "cancel_requested_at is not null then 'cancelled'", "false then 'cancelled'",
              f"{CANCELLATION}test_a_task_that_is_being_cancelled_is_not_queued_again[{what}]")
        for what, file in (("crash", "retry"), ("sweep", "sweep_tasks"))
    ),
    Guard("the trigger that lets a cancelled task end in no other way", MIGRATION + "0004_api.sql",
          "if old.cancel_requested_at is not null and", "if false and", CANCELLING),
    Guard("submit: one task for a key", SQL + "submit.sql",
          "      and (key is null or id in (select id from keyed))\n", "",
          SUBMISSIONS + "test_a_key_brings_the_task_that_it_brought_first"),
    Guard("submit: its hint", SQL + "submit.sql", "select hint_workers($2) where",
          "select 1 where",
          SUBMISSIONS + "test_submit_stores_task_program_and_hint_together"),
    Guard("submit: asked again when the answer was lost", CODE + "queue/submissions.py",
          "        except OutcomeUnknown as unknown:\n",
          "        except OutcomeUnknown as unknown:\n            raise\n",
          SUBMISSIONS + "test_a_submission_whose_answer_was_lost_is_stored_once[True]"),
    Guard("the trigger that keeps what is final", MIGRATION + "0004_api.sql",
          "if old.status in ('completed', 'failed', 'cancelled') then", "if false then",
          STORE + "test_a_final_task_never_changes_whatever_statement_tries[completed]"),
    Guard("the trigger that keeps results", MIGRATION + "0001_tasks.sql",
          "create trigger results_keep before update", "create trigger results_keep after delete",
          STORE + "test_a_result_never_changes"),
    Guard("attempts are consecutive", MIGRATION + "0004_api.sql",
          "if new.attempt <> old.attempt", "if false and new.attempt <> old.attempt",
          STORE + "test_attempts_are_consecutive"),
    Guard("the limit of crashes", SQL + "retry.sql", "else losses end) < $5 then",
          "else losses end) < $5 + 99 then",
          STORE + "test_a_crash_is_charged_and_retried_until_the_retries_are_used_up"),
    Guard("the limit of losses", SQL + "sweep_tasks.sql", "losses < $1", "losses < $1 + 99",
          STORE + "test_a_task_lost_too_often_fails"),
    Guard("a loss is no crash", CODE + "queue/outcomes.py", "if death.with_all:", "if False:",
          ANY_FAULT + "[SIGKILL of the fork server]"),
    Guard("sweep: the advisory lock", SQL + "sweep_begin.sql",
          "pg_try_advisory_xact_lock(hashtext('quantum_tasks.sweep'))", "true",
          STORE + "test_two_instances_do_not_sweep_at_once"),
    Guard("sweep: only by who is steady", SQL + "sweep_begin.sql",
          "      and steady_since <= now() - $2::float8 * interval '1 second'\n", "",
          STORE + "test_nobody_sweeps_within_a_lease_of_an_outage"),
    Guard("sweep: the lease", SQL + "sweep_instances.sql", "interval '1 second'",
          "interval '0.5 seconds'", STORE + "test_a_sweep_leaves_living_instances_alone"),
    Guard("sweep: only tasks of the dead", SQL + "sweep_tasks.sql",
          " and instance not in (select id from instances)", "",
          STORE + "test_a_sweep_leaves_living_instances_alone"),
    Guard("sweep: hints again", SQL + "sweep_hints.sql", "and not exists (", "and exists (",
          STORE + "test_a_sweep_hints_at_queued_tasks_that_no_job_points_to"),
    Guard("sweep: jobs left doing", SQL + "sweep_jobs.sql", "j.status = 'doing'",
          "j.status = 'todo'", STORE + "test_a_sweep_deletes_jobs_left_doing"),
    Guard("an instance gives back what it does not know", SQL + "disown.sql",
          "and id <> all($2::uuid[])", "and id = any($2::uuid[])",
          STORE + "test_an_instance_gives_back_what_it_owns_without_knowing"),
    Guard("an instance that stops gives back its tasks", CODE + "queue/worker.py",
          "for id in await self._store.release(self._instance):", "for id in []:",
          "tests/faults/test_instances.py::test_sigterm_gives_back_what_does_not_end_in_time"),
    Guard("a result is kept while the database is away", CODE + "queue/outcomes.py",
          "            except DatabaseUnavailable as error:\n",
          "            except DatabaseUnavailable as error:\n                raise\n",
          ANY_FAULT + "[Postgres stopped for 7 s, fast]"),
    Guard("a result that cannot be stored fails its task", CODE + "queue/outcomes.py",
          "        except Exception as error:\n", "        except TimeoutError as error:\n",
          OUTCOMES + "test_a_result_that_the_database_refuses_fails_its_task_alone"),
    Guard("a heart has connections of its own", CODE + "app.py", "vital = Store(vital_db,",
          "vital = Store(db,", OUTCOMES + "test_a_flood_of_requests_stops_no_heart"),
    Guard("statements run as they were written for", CODE + "database/pool.py",
          '        "default_transaction_isolation": "read committed",\n', "",
          STORE + "test_statements_do_as_they_say_whatever_the_default_isolation[serializable]"),
    Guard("a child that was stopped has time left", CODE + "fence/inside/main.py",
          "if time.process_time() >= worked_s:", "if True:",
          OUTCOMES + "test_time_does_not_run_while_the_service_is_stopped[frozen with its group]"),
    Guard("the supervisor", CODE + "supervisor.py", "        while True:\n            began",
          "        for _ in range(1):\n            began",
          "tests/test_supervisor.py::"
          "test_work_that_ends_is_started_again_and_said_to_fail[return]"),
    Guard("time does not run while the service is stopped", CODE + "fence/child.py",
          "        self._fresh = True\n",
          "        asyncio.get_running_loop().call_later("
          "self._left_s, self._out_of_time, self.jobs[0])\n",
          OUTCOMES + "test_time_does_not_run_while_the_service_is_stopped[frozen with its group]"),
    Guard("claim: only compiled programs that can be read", SQL + "claim.sql",
          "p.compiled_format = $9", "$9::smallint is not null",
          CLAIMS + "test_a_program_that_another_version_compiled_comes_as_text"),
    Guard("claim: large tasks apart", SQL + "claim.sql", "and not large and", "and",
          CLAIMS + "test_large_tasks_wait_for_one_another_and_none_other_for_them"),
    Guard("a process is kept for small tasks", CODE + "queue/worker.py",
          "self._pool.size - 1 - self._large, cores", "self._pool.size - self._large",
          "tests/faults/test_instances.py::test_small_tasks_flow_past_large_ones"),
    Guard("none of a group suffers for another", CODE + "database/grouped.py",
          "if len(group) > 1 and not", "if False and not",
          "tests/database/test_grouped.py::test_a_submission_that_the_database_refuses_harms_no_other"),
    Guard("what a dead child had not begun goes to another", CODE + "fence/pool.py",
          "self._waiting.extendleft(reversed(child.jobs))", "pass",
          POOL + "test_a_child_that_dies_costs_only_the_order_that_it_was_at"),
    Guard("children die with the service", "src/quantum_tasks/fence/inside/main.py",
          "    os.close(alive)\n", "",
          POOL + "test_no_child_outlives_a_service_that_is_killed[True]"),
    Guard("children: a frame's ceiling", CODE + "fence/frames.py", "if length > self._ceiling:",
          "if False:", BAD_ANSWER + "[huge]"),
    Guard("children: a reply goes on", CODE + "fence/child.py",
          "if self._patience <= 0:", "if False:",
          BAD_ANSWER + "[half]"),
    Guard("children: nothing unasked", CODE + "fence/child.py",
          'raise MalformedError("it spoke without being asked")', "return",
          CHILD + "test_a_child_that_speaks_without_being_asked_is_killed[later]"),
    Guard("children: what was not read is not answered", CODE + "fence/child.py",
          " or content[:MARK] != self.jobs[0].mark", "", BAD_ANSWER + "[unmarked]"),
    Guard("children: what cannot be read kills", CODE + "fence/child.py",
          "        except MalformedError as error:\n            self._condemn(str(error))",
          "        except MalformedError:\n            pass", BAD_ANSWER + "[garbage]"),
    Guard("children: a result is JSON", CODE + "fence/replies.py",
          "                _look_through(reply.counts, _COUNTS)\n", "",
          BAD_ANSWER + "[counts_no_json]"),
    Guard("children: nothing goes on about a file without an end", CODE + "fence/inside/main.py",
          "    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))\n", "",
          CHILD + "test_a_child_fills_no_disk_and_its_last_words_are_the_last"),
    Guard("children: no secrets", CODE + "fence/pool.py",
          "        scrub_children(_ENVIRONMENT)\n", "",
          "tests/test_environment.py::"
          "test_no_other_process_has_a_secret_of_the_service[another]"),
    Guard("Postgres of our own: no secrets", CODE + "database/embedded.py",
          'return {**self._identity, "env": passed_on()}', "return self._identity",
          "tests/test_environment.py::"
          "test_no_other_process_has_a_secret_of_the_service[a Postgres of our own]"),
    Guard("Postgres of our own: a folder of ours for its socket", CODE + "database/folders.py",
          "    if _is_ours(folder):", "    if True:",
          EMBEDDED + "test_a_socket_is_not_put_where_somebody_was_before[a folder]"),
    Guard("Postgres of our own: links are not followed", CODE + "database/folders.py",
          "    flags |= os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC",
          "    flags |= os.O_CREAT | os.O_CLOEXEC",
          EMBEDDED + "test_nothing_is_written_through_a_link_in_the_data_folder[symlink-lock]"),
    Guard("reset: no more than is ours", CODE + "database/embedded.py",
          'if data.readlink() != _elsewhere(folder) / "postgres":', "if False:",
          EMBEDDED + "test_reset_deletes_nothing_that_a_link_leads_to"),
    *(
        Guard(f"callbacks{what}: skip locked", f"{SQL}{file}.sql", "for update skip locked",
              "for update",
              f"{HOOKS}test_claims_at_the_same_time_share_out_what_is_due_without_waiting[{aside}]")
        for what, file, aside in (("", "claim_callbacks", False),
                                  (" put aside", "claim_callbacks_aside", True))
    ),
    Guard("callbacks: what is slow moves aside", CODE + "callbacks/webhooks.py",
          "        one.slow = True\n",
          "        return\n",
          HOOKS + "test_who_takes_his_time_is_delivered_to_in_the_end"),
    Guard("callbacks: the newest first", SQL + "claim_callbacks.sql", "order by due_at desc",
          "order by due_at",
          HOOKS + "test_the_newest_and_the_oldest_of_those_who_wait_come_first"),
    Guard("callbacks: hosts that are known pass by", SQL + "claim_callbacks.sql",
          "select task_id from known\n        union ", "", PUT_ASIDE),
    Guard("callbacks: to be put aside is no try", SQL + "put_aside.sql", "c.tries - 1", "c.tries",
          PUT_ASIDE),
    Guard("callbacks: few look-ups in one domain", CODE + "callbacks/names.py",
          "in (domain.free, lane)",
          "in (lane,)", NAMES),
    Guard("callbacks: look-ups of names that are known", CODE + "callbacks/names.py",
          "self._known if known else self._others", "self._others", NAMES),
    Guard("callbacks: addresses that only look public", CODE + "callbacks/receivers.py",
          "and not any(address in network for network in _SPECIAL_IPV4)", "",
          "tests/callbacks/test_receivers.py::"
          "test_no_part_of_a_special_block_is_public[168.63.129.16/32]"),
    Guard("callbacks: a cancel that comes with an event", CODE + "callbacks/webhooks.py",
          "async with asyncio.timeout(_LOOK_S):\n"
          "                            await self._wanted.wait()",
          "await asyncio.wait_for(self._wanted.wait(), _LOOK_S)",
          "tests/test_background.py::"
          "test_a_cancel_ends_it_though_what_it_waits_for_comes_at_the_same_moment[webhooks]"),
    Guard("callbacks: an earlier try that comes late", SQL + "callback_failed.sql",
          " and tries = $2", " and $2::int > 0",
          HOOKS + "test_an_earlier_try_that_comes_late_changes_nothing_unless_it_arrived"),
    Guard("callbacks: no private addresses", CODE + "callbacks/outgoing.py",
          "if not self._allow_private and not all(", "if False and not all(",
          OUTGOING + "test_a_name_that_leads_inside_is_refused_as_it_is_connected_to[addresses2]"),
    Guard("callbacks: what was checked is connected to", CODE + "callbacks/outgoing.py",
          "connect_tcp(addresses[-1], port)", "connect_tcp(host, port)",
          OUTGOING + "test_what_was_checked_is_what_is_connected_to"),
    Guard("feed: only what was made before the oldest open transaction", SQL + "feed.sql",
          "and change < (select below from sure)", "",
          FEED + "test_a_change_that_is_committed_late_is_not_lost"),
    Guard("feed: begun before the oldest open transaction", SQL + "now.sql", "pg_snapshot_xmin",
          "pg_snapshot_xmax", FEED + "test_a_change_that_is_committed_late_is_not_lost"),
    Guard("feed: a place amid a transaction", SQL + "feed.sql",
          "(change, position, number) > ($1, $2::bigint, $3::integer)",
          "change > $1 and $2::bigint + $3::integer is not null",
          FEED + "test_pages_of_any_size_say_the_same[3]"),
    Guard("feed: a row for each change", MIGRATION + "0005_events.sql",
          "where e.number > coalesce(cardinality(old.history), 0)", "where tg_op = 'INSERT'",
          FEED + "test_pages_of_any_size_say_the_same[3]"),
    Guard("feed: what was deleted is not told", MIGRATION + "0005_events.sql",
          "for each row execute function tasks_untell",
          "for each row when (false) execute function tasks_untell",
          FEED + "test_a_task_that_is_deleted_takes_its_events_with_it"),
    Guard("feed: a page by its index", MIGRATION + "0005_events.sql",
          "alter table events add primary key (change, position, number);", "",
          FEED + "test_what_a_page_costs_does_not_grow_with_what_has_happened"),
    Guard("readers have connections of their own", CODE + "app.py",
          "asked, archive = Store(asking_db, settings.task_queue_name), Archive(asking_db)",
          "asked, archive = store, Archive(db)",
          READERS + "test_readers_that_all_wait_keep_out_no_submission"),
    Guard("searches: few at once", CODE + "archive/lists.py",
          "lane = self._searching if wanted.text or combined else self._listing",
          "lane = self._listing",
          READERS + "test_one_search_more_than_there_may_be_is_told_to_come_again"),
    Guard("searches: given up in time", CODE + "archive/lists.py", "*arguments, timeout=_LOOK_S)",
          "*arguments)", READERS + "test_a_search_that_takes_too_long_is_given_up"),
    Guard("lanes: they rest", CODE + "turns/throttle.py",
          "loop.call_later(min(took_s, _LONGEST_REST_S), self._free.release)",
          "self._free.release()",
          "tests/turns/test_throttle.py::test_a_lane_rests_for_as_long_as_a_turn_took_however_it_ended"),
    Guard("storage: what is deleted counts no more", MIGRATION + "0006_storage.sql",
          "select -coalesce(old.bytes,", "select 0 * coalesce(old.bytes,",
          STORAGE + "test_what_is_deleted_makes_room_again"),
    Guard("storage: results count", SQL + "complete.sql", "select sum(bytes) from task having",
          "select 0 from task having",
          STORAGE + "test_what_is_stored_is_counted_until_it_is_deleted"),
    Guard("storage: what is large is refused", CODE + "queue/submissions.py", "if size > LARGE:",
          "if False:", STORAGE + "test_while_the_storage_is_full_only_what_is_small_is_taken"),
    Guard("storage: those who fold it together", SQL + "fold_stored.sql",
          "insert into stored_bytes select sum(bytes) from folded having count(*) > 0",
          "insert into stored_bytes select sum(bytes) from stored_bytes having count(*) > 0",
          STORAGE + "test_many_count_at_the_same_time_and_fold_what_they_counted"),
    Guard("storage: a large result that comes too late", CODE + "queue/outcomes.py",
          "if size > LARGE and await", "if False and await",
          "tests/web/test_problems.py::"
          "test_a_task_fails_whose_result_is_large_and_comes_when_the_storage_is_full"),
    Guard("feed: behind what is kept", CODE + "live/feed.py",
          "                self._begin = self._events.popleft()[0]",
          "                self._events.popleft()",
          FEED + "test_whoever_is_behind_what_is_kept_catches_up_from_the_database"),
    Guard("feed: a place that is yet to come", CODE + "live/feed.py", "else min(after, now)",
          "else after", FEED + "test_a_place_that_is_yet_to_come_is_now"),
    Guard("waiting: a change that another has heard of", CODE + "live/waiting.py",
          "if seen is not None and seen < self._seen.get(id, 0):", "if False:",
          "tests/web/v1/test_events.py::test_whoever_begins_to_wait_after_a_change_that_another_has_"
          "heard_of_hears_of_it"),
    Guard("lists: tasks of the same moment", CODE + "archive/lists.py",
          'last = rows[0]["last_at"], rows[0]["last_position"]', 'last = rows[0]["last_at"], 0',
          "tests/web/v1/test_listing.py::"
          "test_every_combination_of_filters_lists_what_a_search_by_hand_finds"),
    Guard("pages of other origins", CODE + "web/wire/origins.py", "if own and site in _OWN:",
          "if True:", ORIGINS + "test_a_stranger_changes_nothing_however_it_asks[POST]"),
    Guard("pages that say no origin", CODE + "web/wire/origins.py",
          "if origin is None and site in _OWN:", "if origin is None:",
          ORIGINS + "test_a_stranger_reads_nothing_but_may_have_a_link[GET]"),
    Guard("frames are no visits", CODE + "web/wire/origins.py",
          'and headers.get(b"sec-fetch-dest") == b"document"', "",
          ORIGINS + "test_a_stranger_reads_nothing_but_may_have_a_link[GET]"),
    Guard("hosts of others", CODE + "web/wire/origins.py", "if hosts.is_answered(host, names):",
          "if True:", ORIGINS + "test_only_our_own_hosts_are_answered[GET]"),
    Guard("one host", CODE + "web/wire/origins.py", '.count(b"host") > 1', '.count(b"host") > 9',
          ORIGINS + "test_a_request_has_one_host[one of ours and another]"),
    Guard("the host of a whole URL", CODE + "web/wire/connections.py",
          'if not self.url.startswith(b"/"):', "if False:",
          ORIGINS + "test_a_request_has_one_host[a URL of another]"),
    Guard("turns: who holds none comes first", CODE + "turns/fairness.py",
          "keys := self._without or self._holding", "keys := self._holding or self._without",
          FAIRNESS + "test_one_key_may_have_all_places_that_nobody_else_wants"),
    Guard("turns: one of each key", CODE + "turns/fairness.py",
          "key, line = keys.popitem(last=False)",
          "key, line = keys.popitem(last=True)",
          FAIRNESS + "test_keys_take_turns_however_many_wait_by_one_of_them"),
    Guard("turns: one that was given to nobody", CODE + "turns/fairness.py",
          "self._leave(key)  # it had its turn", "pass  # it had its turn",
          FAIRNESS + "test_who_is_cancelled_in_the_moment_of_its_turn_passes_it_on"),
    Guard("news: told some at a time", CODE + "turns/fairness.py",
          "some := list(islice(rest, TOLD_AT_ONCE))", "some := list(rest)",
          FAIRNESS + "test_ten_thousand_who_wait_for_one_thing_are_told_while_others_have_their"
          "_turns"),
    Guard("door: so many in a turn", CODE + "web/wire/door.py",
          "if self._let_in < _AT_ONCE and not self._waiting:", "if True:",
          DOOR + "test_many_are_let_in_turn_by_turn_in_the_order_in_which_they_came"),
    Guard("door: addresses in turn", CODE + "web/wire/door.py",
          "self._waiting.popitem(last=False)", "self._waiting.popitem()",
          DOOR + "test_who_comes_alone_does_not_wait_behind_a_thousand_of_another_address"),
    Guard("lane: what many want is made once", CODE + "turns/lane.py",
          "if wanted.made.done():\n                return\n",
          "if False:\n                return\n",
          LANE + "test_what_many_want_at_the_same_time_is_made_once[2]"),
    Guard("cancelled: what takes a moment", CODE + "queue/worker.py",
          "(task.work_ms is None or task.id in before)", "True",
          "tests/web/v1/test_cancelling.py::"
          "test_a_task_of_a_moment_costs_no_process_when_it_is_cancelled"),
    Guard("numbers that take long to read", CODE + "web/requests.py",
          "_check_numbers(body)\n        if", "pass\n        if",
          "tests/web/v1/test_submitting.py::"
          "test_numbers_that_take_long_to_read_are_not_taken_by_the_thousand"),
    Guard("drawings: large ones elsewhere", CODE + "fence/drawing.py",
          "pool = self._small if order.small else self._large", "pool = self._large",
          DRAWING + "test_a_small_drawing_never_waits_for_a_large_one"),
    Guard("drawings: small to read", CODE + "fence/inside/main.py",
          "_for_a_slice(_SMALL_READ_S) if order.small else", "",
          DRAWING + "test_a_program_that_takes_long_to_read_is_not_small"),
    Guard("drawings: kept", CODE + "fence/drawing.py",
          "self._kept.put(whole, drawn, len(drawn))", "pass",
          DRAWING + "test_a_drawing_is_made_once_for_all_who_want_it"),
    Guard("drawings: why there is none is kept", CODE + "fence/drawing.py",
          "self._kept.put(whole, problem, len(problem.detail), _REFUSAL_KEPT_S)", "pass",
          DRAWING + "test_why_something_cannot_be_drawn_is_kept_as_well"),
    Guard("large results: room for what is on its way", CODE + "web/answers/large.py",
          "while self._bytes >= self._most_bytes", "while False",
          LARGE + "test_there_is_no_room_as_long_as_nobody_is_slow"),
    Guard("large results: slow readers make room", CODE + "web/answers/large.py",
          "if began < late:",
          "if False:", LARGE + "test_slow_readers_are_cut_off_only_to_make_room_for_others"),
    Guard("Postgres of our own is started again", CODE + "database/embedded.py",
          "if self._process is None or self._process.poll() is None:", "if True:",
          "tests/faults/test_postgres.py::"
          "test_a_killed_embedded_postgres_comes_back_and_nothing_is_lost"),
    Guard("check: a look has an end", CODE + "fence/inside/main.py",
          "if armed and time.process_time() >= end_s:", "if False:",
          CHECKING + "test_an_interrupted_child_goes_on_as_if_nothing_had_been"),
    Guard("check: one process for first looks", CODE + "fence/checking.py",
          "asyncio.Semaphore(max(1, processes - 1))", "asyncio.Semaphore(processes)",
          CHECKING + "test_one_process_is_always_there_for_a_first_look"),
    Guard("check: what was slow is remembered", CODE + "fence/checking.py",
          "self._slow_ones.move_to_end(key)\n        return True", "return False",
          CHECKING + "test_what_was_slow_before_goes_to_the_slow_lane_straight_away"),
    Guard("check: peers take turns", CODE + "fence/checking.py",
          "self._turns.place(peer)", 'self._turns.place("")',
          CHECKING + "test_in_the_slow_lane_peers_take_turns"),
    Guard("check: interrupted in a library", CODE + "fence/pool.py",
          "return reply.spent", "return False",
          CHECKING + "test_a_child_interrupted_in_a_library_is_replaced"),
    Guard("headers: only so many", CODE + "web/wire/heads.py",
          "self._number > MAX_HEADERS or", "",
          EDGE + "test_a_hundred_headers_are_taken_and_one_more_is_not"),
    Guard("headers: a bound of each", CODE + "web/wire/heads.py",
          "size > most", "size < 0",
          EDGE + "test_each_header_that_is_read_has_a_bound_of_its_own[accept]"),
    Guard("parameters: only so many", CODE + "web/requests.py",
          '.count(b"&") >= _MOST_PARAMETERS', '.count(b"&") < 0',
          EDGE + "test_an_address_has_a_hundred_parameters_at_most[/v1/tasks]"),
    Guard("requests: one after the other", CODE + "web/wire/connections.py",
          "            if self._is_answering():", "            if False:",
          EDGE + "test_only_the_request_that_is_served_is_parsed"),
    Guard("connections: followers give way", CODE + "web/wire/crowd.py",
          "    (Doing.FOLLOWING, 0.0),\n", "",
          EDGE + "test_over_the_most_connections_the_oldest_follower_is_told_to_come_again"),
    Guard("connections: polls give way", CODE + "web/wire/crowd.py",
          "    (Doing.POLLING, 0.0),\n", "",
          EDGE + "test_over_the_most_connections_a_poll_is_answered_at_once"),
    Guard("answers that nobody takes", CODE + "web/wire/crowd.py",
          "while self._unread_bytes > _MOST_UNREAD", "while False",
          EDGE + "test_answers_that_nobody_takes_give_way_to_others"),
]  # fmt: skip


def without(guard: Guard, postgres: str) -> str:
    """Runs the guard's test, and one for sanity, on a copy of the tree that lacks the guard.

    Returns what pytest said.
    """
    with tempfile.TemporaryDirectory(prefix="qtasks-unguarded-") as name:
        copy = Path(name)
        copy.chmod(0o755)
        for part in ("src", "sql", "tests"):
            shutil.copytree(ROOT / part, copy / part, symlinks=True)
        shutil.copy(ROOT / "pyproject.toml", copy)
        file = copy / guard.file
        text = file.read_text()
        if guard.old not in text:
            raise ValueError(f"{guard.file} has no {guard.old!r}")
        file.write_text(text.replace(guard.old, guard.new))
        uncovered = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *_PLUGINS, guard.test, SANITY],
            cwd=copy,
            env={
                **uncovered,
                "PYTHONPATH": str(copy / "src"),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "QTASKS_TEST_POSTGRES": postgres,
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
        return done.stdout + done.stderr


def noticed(output: str) -> bool:
    """Whether the guard's test failed, and only that: the tree as such works."""
    return re.search(r"\b1 failed, 1 passed\b", output) is not None


def table() -> str:
    """Guard and test, as the README has them."""
    rows = [f"| {guard.name} | `{guard.test.rpartition('::')[2]}` |" for guard in GUARDS]
    return "\n".join(["| guard that is removed | test that fails |", "|---|---|", *rows])


def main() -> int:
    """How many guards nobody missed."""
    server = EmbeddedPostgres(max_connections="300")
    url = server.start()
    survivors = 0
    try:
        for guard in GUARDS:
            output = without(guard, url)
            survivors += not noticed(output)
            print(f"{'noticed ' if noticed(output) else 'SURVIVED'}  {guard.name}", flush=True)
            if not noticed(output):
                print(output[-1500:])
    finally:
        server.stop()
    return survivors


if __name__ == "__main__":
    missed = main()
    print(f"\n{table()}")
    sys.exit(missed > 0)
