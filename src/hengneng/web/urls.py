"""Addresses of the site."""

from django.urls import URLPattern, path, re_path

from hengneng.web.views import about, figures, plans

urlpatterns: list[URLPattern] = [
    path("", plans.home, name="home"),
    path("plans/<str:identifier>/", plans.plan, name="plan"),
    path("plans/<str:identifier>/standing.csv", plans.export, name="standing-csv"),
    path("plans/<str:identifier>/document/", plans.document, name="document"),
    re_path(r"^figures/(?P<digest>[^/.]+)/$", figures.figure, name="figure"),
    re_path(r"^figures/(?P<digest>[^/.]+)\.json$", figures.figure_json, name="figure-json"),
    path("facts/<str:measure>/<str:place>/<str:period>/", figures.fact, name="fact"),
    path("about/", about.about, name="about"),
]

handler400 = "hengneng.web.views.about.bad_request"
handler404 = "hengneng.web.views.about.not_found"
handler500 = "hengneng.web.views.about.failure"
