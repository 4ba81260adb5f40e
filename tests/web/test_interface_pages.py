"""The description of the interface, its page, and the page of one's own tokens."""

from __future__ import annotations

import json

import pytest

pytestmark = [pytest.mark.xdist_group("interface"), pytest.mark.usefixtures("site", "uncounted")]

XINJIANG = "650000"


# The description


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_description_is_in_the_language_asked_for(language: str) -> None:
    import re

    from django.test import Client

    written = Client().get(f"/api/v1/openapi.json?lang={language}").content.decode()
    assert '"api.' not in written
    assert bool(re.search("[\u4e00-\u9fff]", written)) is (language == "zh")
    described = json.loads(written)
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (path, method)
            assert {"401", "403", "404", "422", "429", "500"} <= set(operation["responses"])


def test_the_page_of_the_interface_shows_every_operation_and_loads_nothing_from_elsewhere() -> None:
    import re

    from django.test import Client

    described = Client().get("/api/v1/openapi.json").json()
    for language in ("zh", "en"):
        page = Client().get(f"/api/?lang={language}").content.decode()
        for methods in described["paths"].values():
            for operation in methods.values():
                assert f'id="{operation["operationId"]}"' in page
        addresses = re.findall(r'(?:src|href|action)="([^"]+)"', page)
        assert [one for one in addresses if not one.startswith(("/", "#", "?"))] == []
        assert "api.field" not in page


# Tokens on their page


def test_a_token_is_issued_shown_once_and_revoked() -> None:
    import re

    from django.test import Client
    from support.interface import Caller, person

    from hengneng.accounts.models import Token
    from hengneng.acts.models import Act

    client = Client()
    assert client.get("/account/tokens/").status_code == 403
    client.force_login(person("region_office", XINJIANG))
    given = {"name": "月报程序", "days": "90", "verbs": ["correct_facts", "see_unpublished"]}
    page = client.post("/account/tokens/?lang=zh", given)
    secret = re.search(r"<code>(hn_[\w-]+)</code>", page.content.decode())[1]
    assert page["Cache-Control"] == "no-store"
    assert Caller(secret).get("/me")["token_verbs"] == ["correct_facts", "see_unpublished"]
    later = client.get("/account/tokens/").content.decode()
    assert secret not in later
    assert "月报程序" in later
    token = Token.objects.get(name="月报程序")
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 302
    assert Caller(secret).get("/me", 401)["code"] == "token_invalid"
    assert list(Act.objects.filter(kind="token").values_list("verb", flat=True)) == ["token.issue", "token.revoke"]


def test_what_is_wrong_with_a_token_is_said_and_what_was_typed_stays() -> None:
    from django.test import Client
    from support.interface import person

    from hengneng.accounts.models import Token

    client = Client()
    client.force_login(person("region_office", XINJIANG))
    page = client.post("/account/tokens/?lang=en", {"name": "Reports", "days": "9999", "verbs": ["manage_people"]})
    written = page.content.decode()
    assert page.status_code == 400
    assert 'href="#token-days"' in written
    assert 'href="#token-verbs"' in written  # the office may not manage people, so nothing was chosen
    assert 'value="Reports"' in written
    assert not Token.objects.exists()


def test_nobody_revokes_the_token_of_another() -> None:
    from django.test import Client
    from support.interface import person

    from hengneng.accounts.tokens import issue

    token, _ = issue(person("auditor", XINJIANG), "x", ["read_log"], 1)
    client = Client()
    client.force_login(person("region_office", XINJIANG))
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None
