"""Every token of a lane is masked, at the cost of one."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from airflow.sdk._shared.secrets_masker import SecretsMasker

from local_stack.settings_file import read_env_file
from local_stack.state import PROJECT
from socialpub.errors import TokenUnusableError
from socialpub.hooks import facebook
from socialpub.hooks.facebook import FacebookHook
from socialpub.masking import ADAPTER, adapt_secret, join_secrets
from socialpub.models.secret import Secret


def make_masker() -> SecretsMasker:
    """Airflow's own, with the adapter that the shipped configuration names."""
    masker = SecretsMasker()
    masker.min_length_to_mask = 5
    masker.secret_mask_adapter = adapt_secret
    return masker


@pytest.fixture
def masker() -> SecretsMasker:
    return make_masker()


def test_each_of_the_joined_secrets_is_masked_also_as_a_url_has_it(masker):
    """As Airflow's masker sees them."""
    masker.add_mask(join_secrets(["EAAGfirst", "EAAGsecond", "123|app-secret"]))
    text = "a EAAGfirst, b EAAGsecond, c 123|app-secret, d 123%7Capp-secret"
    assert masker.redact(text) == "a ***, b ***, c ***, d ***"


def add_masks(secrets: Iterable[str]) -> float:
    """Seconds of this thread's CPU time, for a new masker: whatever else the process does is not counted."""
    masker = make_masker()
    started = time.thread_time()
    for secret in secrets:
        masker.add_mask(secret)
    return time.thread_time() - started


def test_many_tokens_together_cost_less_than_a_quarter_of_them_one_by_one():
    """One by one, 312 tokens of a real one's length keep a processor busy for seconds, sixteen times as long as 78."""
    tokens = [f"EAAG{number:04}" + "x" * 190 for number in range(312)]
    assert add_masks([join_secrets(tokens)]) < add_masks(tokens[:78])


def test_the_shipped_configuration_uses_the_adapter():
    """Both for containers and for the local stack, which read this file."""
    assert read_env_file(PROJECT / "config" / "airflow.env")["AIRFLOW__LOGGING__SECRET_MASK_ADAPTER"] == ADAPTER


class Page:
    def __init__(self, token: str) -> None:
        self.token = token

    def get_page_access_token(self, cipher: object, now: object) -> Secret:
        return Secret(self.token)


@pytest.fixture
def hook(masker, monkeypatch) -> FacebookHook:
    """One whose tokens go to that masker."""
    monkeypatch.setattr(facebook, "mask_secret", masker.add_mask)
    monkeypatch.setattr(facebook, "load_cipher", object)
    monkeypatch.setenv("AIRFLOW__LOGGING__SECRET_MASK_ADAPTER", ADAPTER)
    return FacebookHook()


def test_a_lane_s_tokens_are_masked_before_the_first_is_opened(masker, monkeypatch, hook):
    """All in one go, and none a second time: a lane of 1,250 Pages spent three quarters of its time on that."""
    calls = []
    monkeypatch.setattr(facebook, "mask_secret", lambda secret: (calls.append(secret), masker.add_mask(secret)))
    pages = [Page(f"EAAGtoken{number:04}") for number in range(1250)]
    hook.mask_ahead(pages, None)
    assert set(masker.redact([page.token for page in pages])) == {"***"}
    for page in pages:
        hook.open_token(page, None)
    assert len(calls) == 1


def test_a_token_that_can_t_be_opened_is_told_with_its_own_post(masker, hook):
    """It keeps no other Page's token from being masked."""

    class Broken(Page):
        def get_page_access_token(self, cipher: object, now: object) -> Secret:
            raise TokenUnusableError("no token", next_step="connect the Page again.")

    hook.mask_ahead([Broken(""), Page("EAAGtoken")], None)
    assert masker.redact("EAAGtoken") == "***"
    with pytest.raises(TokenUnusableError):
        hook.open_token(Broken(""), None)


@pytest.mark.parametrize("adapter", ["", ADAPTER])
def test_a_lane_s_tokens_are_all_masked_whether_the_adapter_is_set_up_or_not(masker, monkeypatch, hook, adapter):
    """An installation that lacks the setting is slower, never less careful."""
    masker.secret_mask_adapter = adapt_secret if adapter else None
    monkeypatch.setenv("AIRFLOW__LOGGING__SECRET_MASK_ADAPTER", adapter)
    tokens = [f"EAAGtoken{number:03}" for number in range(64)]
    with ThreadPoolExecutor(64) as pool:
        opened = list(pool.map(lambda token: hook.open_token(Page(token), None).reveal(), tokens))
    assert opened == tokens
    assert set(masker.redact(tokens)) == {"***"}
