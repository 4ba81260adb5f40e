"""Addresses of the site."""

from django.urls import URLPattern, URLResolver, path, re_path

from hengneng.web.administration import administration
from hengneng.web.api import site
from hengneng.web.views import (
    about,
    documents,
    duties,
    energy,
    energy_meters,
    energy_units,
    fact_forms,
    facts,
    figures,
    home,
    interface,
    jobs,
    log,
    monitoring,
    monitoring_devices,
    monitoring_marks,
    monitoring_outlets,
    monitoring_proofs,
    people,
    places,
    plans,
    rules,
    signing_in,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("plans/", plans.home, name="plans"),
    *plans.addresses,
    *documents.addresses,
    *duties.addresses,
    *places.addresses,
    re_path(r"^figures/(?P<digest>[^/.]+)/$", figures.figure, name="figure"),
    re_path(r"^figures/(?P<digest>[^/.]+)\.json$", figures.figure_json, name="figure-json"),
    *fact_forms.addresses,
    *facts.addresses,
    *energy.addresses,
    *energy_units.addresses,
    *energy_meters.addresses,
    *monitoring.addresses,
    *monitoring_devices.addresses,
    *monitoring_marks.addresses,
    *monitoring_outlets.addresses,
    *monitoring_proofs.addresses,
    path("about/", about.about, name="about"),
    *rules.addresses,
    *signing_in.addresses,
    *people.addresses,
    *log.addresses,
    *interface.addresses,
    *jobs.addresses,
    *site.addresses,
    path("admin/", administration.urls),
]

handler400 = "hengneng.web.views.about.bad_request"
handler404 = "hengneng.web.views.about.not_found"
handler500 = "hengneng.web.views.about.failure"
