"""The first page: what needs me now, for somebody signed in; the published standings, for everybody else."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from hengneng.accounts.models import Person
from hengneng.web.needs import URGENCY, needs_of
from hengneng.web.questions import actor_of_request, answered
from hengneng.web.views import plans


def home(request: HttpRequest) -> HttpResponse:
    """Work for whoever is signed in; the standings for the public."""
    return work(request) if actor_of_request(request).signed_in else plans.home(request)


@answered
def work(request: HttpRequest) -> HttpResponse:
    """What needs this person now, in the order of urgency."""
    actor = actor_of_request(request)
    found = needs_of(actor, timezone.localdate())
    groups = [(urgency, [need for need in found if need.urgency == urgency]) for urgency in URGENCY]
    return render(
        request,
        "web/work.html",
        {
            "groups": [(urgency, needs) for urgency, needs in groups if needs],
            "total": len(found),
            "appointments": cast(Person, request.user).appointments_on(timezone.localdate()),
        },
    )
