"""The roles that people hold."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the plan; what a role may do stands in the table of permissions."""

    REGION_OFFICE = "region_office"
    DEPARTMENT = "department"
    PREFECTURE_OFFICE = "prefecture_office"
    COUNTY_OFFICE = "county_office"
    SUPERVISION_BODY = "supervision_body"
    ENERGY_USING_UNIT = "energy_using_unit"
    AUDITOR = "auditor"
    PUBLIC = "public"
    ADMINISTRATOR = "administrator"


HELD_BY_NOBODY = Role.PUBLIC
