"""Token buckets, with a clock of the test's own."""

from __future__ import annotations

from health_platform.fhir.access.rates import neighbourhood
from health_platform.fhir.access.token_bucket import Buckets, Quota, Taken


def test_a_quota_may_be_used_at_once_and_comes_back_evenly() -> None:
    buckets = Buckets(Quota(3, 60))
    assert [buckets.take("a", 100.0) for _ in range(4)] == [
        Taken(True, 2, 20), Taken(True, 1, 40), Taken(True, 0, 20), Taken(False, 0, 20),
    ]  # fmt: skip
    assert not buckets.take("a", 119.9).allowed
    assert buckets.take("a", 120.0) == Taken(True, 0, 20)
    assert not buckets.take("a", 120.0).allowed


def test_who_waits_the_told_time_is_let_in() -> None:
    buckets = Buckets(Quota(7, 10))
    now = 0.0
    for _ in range(200):
        taken = buckets.take("a", now)
        now += 0 if taken.allowed else taken.seconds
        assert taken.allowed or buckets.take("a", now).allowed


def test_a_refusal_costs_nothing_and_a_full_bucket_holds_no_more_than_its_quota() -> None:
    buckets = Buckets(Quota(2, 2))
    assert [buckets.take("a", 0.0).allowed for _ in range(50)] == [True, True] + [False] * 48
    assert [buckets.take("a", 1000.0).allowed for _ in range(3)] == [True, True, False]


def test_one_key_takes_nothing_of_another() -> None:
    buckets = Buckets(Quota(1, 60))
    assert [buckets.take(key, 0.0).allowed for key in ("a", "b", "a", "b")] == [True, True, False, False]


def test_many_keys_need_no_more_memory_and_the_longest_unused_goes() -> None:
    buckets = Buckets(Quota(1, 1000), most=100)
    for number in range(5000):
        buckets.take("busy", float(number) / 100)
        buckets.take(number, float(number) / 100)
    assert len(buckets) == 100
    assert not buckets.take("busy", 50.0).allowed
    assert not buckets.take(4999, 50.0).allowed
    assert buckets.take(4000, 50.0).allowed


def test_one_subscriber_is_one_address() -> None:
    same = {neighbourhood(address) for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:DB8:1:2::")}
    assert same == {"2001:0db8:0001:0002"}
    assert neighbourhood("2001:db8:1:3::1") not in same
    assert neighbourhood("192.0.2.7") == "192.0.2.7"
    assert neighbourhood("::ffff:192.0.2.7") != neighbourhood("::ffff:192.0.2.8")
    assert neighbourhood("not: an address") == "not: an address"
