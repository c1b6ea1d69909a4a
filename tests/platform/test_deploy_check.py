"""`manage.py check --deploy`: clean for a city, and not where the unrestricted client of the demo is found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from health_platform.demo.embedded import provision
from health_platform.demo.embedded.postgres import Cluster
from tests.databases import PROJECT, copy_of

MAKE_OPERATOR = "import django; django.setup(); from health_platform.demo.people import operator; operator()"


@pytest.fixture
def city_environment(cluster: Cluster, template: str) -> Iterator[dict[str, str]]:
    name = f"bitgoeul_deploy_{os.getpid()}"
    with copy_of(cluster, template, name) as url:
        yield os.environ | {
            "DJANGO_SETTINGS_MODULE": "health_platform.settings.production",
            "SECRET_KEY": "k" * 60 + "0123456789abcdef",
            "ALLOWED_HOSTS": "record.example.org",
            "DATABASE_URL": url,
            "DATABASE_OWNER_URL": cluster.url(provision.OWNER, name),
            "CELERY_BROKER_URL": "amqp://broker.example.org",
        }


def check(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def test_the_citys_settings_pass(city_environment: dict[str, str]) -> None:
    done = check(city_environment)
    assert done.returncode == 0, done.stderr


def test_the_city_keeps_passwords_with_argon2(city_environment: dict[str, str]) -> None:
    ask = "from django.conf import settings; print(settings.PASSWORD_HASHERS[0])"
    command = [sys.executable, "-c", ask]
    done = subprocess.run(command, cwd=PROJECT, env=city_environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("Argon2PasswordHasher")


def test_a_client_that_may_do_everything_fails_it(city_environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-c", MAKE_OPERATOR], cwd=PROJECT, env=city_environment, check=True)
    done = check(city_environment)
    assert done.returncode != 0
    assert "smart.E002" in done.stderr and "'measure'" in done.stderr


def test_the_demos_settings_fail_it(city_environment: dict[str, str]) -> None:
    done = check(city_environment | {"DJANGO_SETTINGS_MODULE": "health_platform.settings.demo"})
    assert "smart.E001" in done.stderr


@pytest.mark.parametrize("missing", ["SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "ALLOWED_HOSTS"])
def test_the_city_does_not_start_without_what_it_needs(tmp_path: Path, missing: str) -> None:
    environment = {"DJANGO_SETTINGS_MODULE": "health_platform.settings.production", "PATH": os.environ["PATH"]}
    given = dict.fromkeys(("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "ALLOWED_HOSTS"), "x")
    given["DATABASE_URL"] = "postgresql:///x"
    del given[missing]
    done = check(environment | given)
    assert done.returncode != 0
    assert f"set {missing}" in done.stderr
