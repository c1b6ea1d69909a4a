"""Roles and databases of the platform in a PostgreSQL server that we may administer.

Three roles: the owner migrates; the server's login role connects without superuser and without bypass of row-level
security; its group ``bitgoeul_server`` holds the rights that migrations grant and revoke.
"""

from __future__ import annotations

from psycopg import sql

from health_platform.demo.embedded import postgres
from health_platform.demo.embedded.postgres import Cluster

OWNER = "bitgoeul_owner"
SERVER_GROUP = "bitgoeul_server"
SERVER = "bitgoeul_web"
PLAIN = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION"


def provision_roles(cluster: Cluster) -> None:
    """Create the roles, or bring their attributes and passwords up to date. Repeatable."""
    with postgres.connect(cluster) as connection:
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in (SERVER_GROUP, OWNER, SERVER):
            if role not in known:
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        connection.execute(sql.SQL("ALTER ROLE {} " + PLAIN + " NOLOGIN").format(sql.Identifier(SERVER_GROUP)))
        for role in (OWNER, SERVER):
            statement = sql.SQL("ALTER ROLE {} " + PLAIN + " LOGIN PASSWORD {}")
            password = sql.Literal(postgres.passwords(cluster, role))
            connection.execute(statement.format(sql.Identifier(role), password))
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(SERVER_GROUP), sql.Identifier(SERVER)))


def provision_database(cluster: Cluster, database: str, *, template: str | None = None) -> None:
    """Create ``database`` for the owner unless it exists, and let the server's group use what the owner creates."""
    with postgres.connect(cluster) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            return
        source = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        create = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER))
        connection.execute(create + source)
    if template is None:
        _grant_defaults(cluster, database)


def drop_database(cluster: Cluster, database: str) -> None:
    """Drop ``database`` with whoever is connected to it."""
    with postgres.connect(cluster) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _grant_defaults(cluster: Cluster, database: str) -> None:
    owner, group = sql.Identifier(OWNER), sql.Identifier(SERVER_GROUP)
    with postgres.connect(cluster, database) as connection:
        connection.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(owner))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(group))
        rights = {"TABLES": "SELECT, INSERT, UPDATE, DELETE", "SEQUENCES": "USAGE, SELECT", "FUNCTIONS": "EXECUTE"}
        for kind, right in rights.items():
            statement = f"ALTER DEFAULT PRIVILEGES FOR ROLE {{}} IN SCHEMA public GRANT {right} ON {kind} TO {{}}"
            connection.execute(sql.SQL(statement).format(owner, group))
