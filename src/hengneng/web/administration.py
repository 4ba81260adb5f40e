"""Django's own administration: for administrators, and only for what has no page. Every change is an act."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from hengneng.access import Verb, decide
from hengneng.acts import record
from hengneng.registry.models import Organisation
from hengneng.web.questions import actor_of_request


class Administration(admin.AdminSite):
    """Open to whoever manages people; everybody else is sent to sign in."""

    site_header = site_title = "衡能 Hengneng"
    index_title = "没有专门页面的登记 · Registers without a page of their own"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the one who asks is an administrator."""
        actor = actor_of_request(request)
        return actor.signed_in and decide(actor, Verb.MANAGE_PEOPLE).allowed


class Recorded(admin.ModelAdmin[Any]):
    """Changes are recorded in the log of acts, besides Django's own notes. Nothing is deleted here."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return administration.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return administration.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return administration.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return administration.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **settings: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **settings)
        if field is not None and db_field.null:
            field.required = False
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = {name: str(form.initial.get(name)) for name in form.changed_data} if change else {}
        super().save_model(request, obj, form, change)
        after = {name: str(form.cleaned_data.get(name)) for name in form.changed_data}
        record(
            actor_of_request(request).identifier,
            "organisation.change" if change else "organisation.add",
            "organisation",
            obj.identifier,
            place=obj.place_id,
            organisation=obj.pk,
            details={"before": before, "after": after},
        )


class OrganisationAdministration(Recorded):
    """Organisations: names, parent, from when to when."""

    list_display = ("identifier", "name_zh", "name_en", "kind", "place", "parent", "valid_from", "valid_to")
    list_filter = ("kind",)
    search_fields = ("identifier", "name_zh", "name_en")
    raw_id_fields = ("place", "parent")
    list_per_page = 50


administration = Administration(name="admin")
administration.register(Organisation, OrganisationAdministration)
