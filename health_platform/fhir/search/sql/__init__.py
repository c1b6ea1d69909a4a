"""From a SearchRequest to statements, with the actor's reach compiled into each table that they touch."""

from health_platform.fhir.search.sql.find import DEFAULT_COUNT, search, search_types

__all__ = ["DEFAULT_COUNT", "search", "search_types"]
