"""The site of an installation in which nothing is loaded yet."""

import pytest
from django.test import Client


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_empty_installation_says_what_to_do(db: None, language: str) -> None:
    answer = Client(headers={"host": "localhost"}).get("/", {"lang": language})
    assert answer.status_code == 200
    assert "hengneng plan load" in answer.content.decode()


def test_the_page_about_the_program_needs_no_plans(db: None) -> None:
    assert Client(headers={"host": "localhost"}).get("/about/").status_code == 200


def test_a_host_that_is_not_ours_is_refused_in_both_languages(db: None) -> None:
    answer = Client(headers={"host": "elsewhere.example"}).get("/")
    assert answer.status_code == 400
    assert "<h1>" in answer.content.decode()
