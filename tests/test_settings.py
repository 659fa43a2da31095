"""Environment over file over default; what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantum_tasks.app import _limits
from quantum_tasks.errors import SettingsError
from quantum_tasks.orders import Limits
from quantum_tasks.settings import Settings, available_cores, describe, load

ROOT = Path(__file__).parents[1]


def test_the_seed_contracts_defaults_hold():
    settings = load({}, None)
    assert settings.num_shots == 1024
    assert settings.worker_max_retries == 3
    assert settings.worker_retry_delay_s == 5
    assert settings.task_soft_time_limit_s == 60
    assert settings.task_time_limit_s == 90
    assert settings.max_body_bytes == 2**20
    assert settings.simulators == available_cores()


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path):
    file = tmp_path / ".env"
    file.write_text("NUM_SHOTS=5\nPORT=99 # a remark\nexport LOG_FORMAT='json'\n")
    settings = load({"NUM_SHOTS": "6"}, file)
    assert (settings.num_shots, settings.port, settings.log_format) == (6, 99, "json")
    assert load({"PORT": "1"}, file, {"PORT": 2}).port == 2


def test_the_soft_time_limit_is_never_over_the_hard_one():
    assert load({"TASK_TIME_LIMIT_S": "50"}, None).soft_time_limit_s == 50
    assert load({"TASK_SOFT_TIME_LIMIT_S": "3"}, None).soft_time_limit_s == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NUM_SHOT", "no setting NUM_SHOT; did you mean NUM_SHOTS?"),
        ("num_shots", "did you mean NUM_SHOTS?"),
        ("TASK_TIMELIMIT_S", "did you mean TASK_TIME_LIMIT_S?"),
        ("XYZ", "no setting XYZ, see .env.example"),
    ],
)
def test_a_name_in_the_file_that_nobody_knows_is_an_error(tmp_path, name, said):
    file = tmp_path / ".env"
    file.write_text(f"PORT=9\n{name}=1\n")
    with pytest.raises(SettingsError) as caught:
        load({}, file)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"PORT=9\nthe port is 8\n", ".env, line 2: expected NAME=value"),
        (b"PORT=9\nHOST='a\n", ".env, line 2: expected NAME=value"),
        (b"PORT=\xff\n", ".env cannot be read: 'utf-8' codec"),
    ],
)
def test_a_line_of_the_file_that_cannot_be_read_is_an_error(tmp_path, text, said):
    file = tmp_path / ".env"
    file.write_bytes(text)
    with pytest.raises(SettingsError) as caught:
        load({}, file)
    assert said in str(caught.value)


def test_what_other_programs_read_from_the_file_is_theirs(tmp_path):
    file = tmp_path / ".env"
    file.write_text("POSTGRES_PASSWORD=x\nCOMPOSE_PROJECT_NAME=y\nPORT=9\n")
    assert load({}, file).port == 9


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("NUM_SHOT", "NUM_SHOTS"),
        ("TASK_TIME_LIMIT", "TASK_TIME_LIMIT_S"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("WORKER_MAX_RETRYS", "WORKER_MAX_RETRIES"),
        ("num_shots", "NUM_SHOTS"),
        ("SIMULATOR_PROCESS", "SIMULATOR_PROCESSES"),
    ],
)
def test_a_name_in_the_environment_that_is_nearly_ours_is_an_error(name, meant):
    with pytest.raises(
        SettingsError, match=rf"has {name}, which is no setting; did you mean {meant}\?"
    ):
        load({name: "1"}, None)


def test_other_names_in_the_environment_are_other_peoples():
    others = (
        "HOME HOSTNAME HOSTTYPE PATH LOGNAME DATABASE_NAME DATABASE_PORT DATABASE_HOST PGHOST "
        "PORTS REPORT TASKS_PORT LOG_FILE LOG_DIR MAX_JOBS DATA_FOLDER KUBERNETES_SERVICE_PORT "
        "WEBHOOK_URL TASK_QUEUE_HOST CORS_ALLOW_ALL NUM_THREADS OMP_NUM_THREADS HOSTS"
    )
    assert load(dict.fromkeys(others.split(), "1"), None) == Settings()
    assert load({"NUM_SHOT": "1", "NUM_SHOTS": "2"}, None).num_shots == 2


def test_a_run_has_the_limits_that_are_said():
    settings = Settings()
    assert settings.time_limits(None, False)[0] == (60, "TASK_SOFT_TIME_LIMIT_S")
    assert settings.time_limits(500, True)[1] == (90, "TASK_TIME_LIMIT_S")
    assert settings.time_limits(80, True) == ((72, "timeout_s"), (80, "timeout_s"))
    assert settings.time_limits(80, False) == ((float("inf"), "timeout_s"), (80, "timeout_s"))


def test_an_empty_value_counts_as_not_set():
    assert load({"DATABASE_URL": "", "NUM_SHOTS": " "}, None) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("NUM_SHOTS", "0", "expected a whole number, at least 1"),
        ("NUM_SHOTS", "many", "expected a whole number"),
        ("NUM_SHOTS", "1.5", "expected a whole number"),
        ("PORT", "70000", "expected a whole number, at most 65535"),
        ("LOG_FORMAT", "xml", "expected text or json"),
        ("TASK_TIME_LIMIT_S", "-1", "expected a number, above 0"),
        ("SIMULATOR_PROCESSES", "0", "expected a whole number, at least 1"),
        ("MAX_QUEUED_TASKS", "0", "expected a whole number, at least 1"),
        ("MAX_OPERATIONS", "-1", "expected a whole number, at least 1"),
        ("HEADER_TIMEOUT_S", "0", "expected a number, above 0"),
        ("NUM_SHOTS", "2000000", "MAX_SHOTS"),
        ("DATABASE_URL", "mysql://x", "postgresql://"),
        ("WEBHOOK_ALLOW_PRIVATE", "yes", "expected true or false"),
        ("ALLOWED_HOSTS", "x.example.org,https://y.example.org", "'https://y.example.org' is no"),
        ("ALLOWED_HOSTS", "*", "name the hosts"),
        (
            "CORS_ORIGINS",
            "http://localhost:8888,lab.example.org",
            "'lab.example.org' is no origin",
        ),
        ("CORS_ORIGINS", "https://lab.example.org/", "no path"),
        ("CORS_ORIGINS", "null", "'null' is no origin"),
        ("CORS_ORIGINS", "*", "name the origins"),
        ("DISABLED_ENGINES", "qsim,aer", "'aer' cannot be disabled; expected qsim or stim"),
    ],
)
def test_a_wrong_value_names_the_setting_and_what_was_expected(name, value, expected):
    with pytest.raises(SettingsError) as caught:
        load({name: value}, None)
    assert name in str(caught.value)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("True", True),
        ("1", True),
        ("false", False),
        ("FALSE", False),
        ("0", False),
    ],
)
def test_a_yes_or_no_may_be_written_in_several_ways(text, expected):
    assert load({"WEBHOOK_ALLOW_PRIVATE": text}, None).webhook_allow_private is expected


def test_a_list_is_written_with_commas():
    settings = load(
        {
            "ALLOWED_HOSTS": "Quantum.example.org, .lab.example.org,",
            "CORS_ORIGINS": " https://Lab.example.org:443,http://localhost:8888 ",
            "DISABLED_ENGINES": "Stim, qsim",
        },
        None,
    )
    assert settings.disabled_engines == ("stim", "qsim")
    assert settings.allowed_hosts == ("quantum.example.org", ".lab.example.org")
    assert settings.cors_origins == ("https://lab.example.org", "http://localhost:8888")


def test_a_wrong_database_url_is_not_repeated():
    with pytest.raises(SettingsError) as caught:
        load({"DATABASE_URL": "mysql://user:secret@host"}, None)
    assert "secret" not in str(caught.value)


def test_memory_is_shared_among_the_simulators():
    four = load({"SIMULATOR_PROCESSES": "4"}, None).memory_per_simulator_mb()
    one = load({"SIMULATOR_PROCESSES": "1"}, None).memory_per_simulator_mb()
    assert one // 4 == four
    assert load({"SIMULATOR_MEMORY_MB": "100"}, None).memory_per_simulator_mb() == 100


def test_the_children_learn_the_limits_from_the_settings():
    settings = load(
        {
            "SIMULATOR_MEMORY_MB": "100",
            "MAX_RESULT_BYTES": "2000",
            "MAX_QUBITS": "3",
            "MAX_CLBITS": "4",
            "MAX_OPERATIONS": "5",
            "MAX_POSSIBLE_VALUES": "2048",
            "DISABLED_ENGINES": "stim",
        },
        None,
    )
    assert _limits(settings, 70) == Limits(70, 2000, 100, 3, 4, 5, 2048, ("stim",))
    assert _limits(Settings(simulator_memory_mb=1024), 70) == Limits(70, 2**24)


def test_the_example_file_lists_every_setting_with_its_default():
    text = (ROOT / ".env.example").read_text()
    assert text == describe(), "run: make env-example"
    assert load({}, ROOT / ".env.example") == Settings()


def test_the_readme_names_every_setting():
    readme = (ROOT / "README.md").read_text()
    missing = [n.upper() for n in Settings.__struct_fields__ if f"`{n.upper()}`" not in readme]
    assert not missing
