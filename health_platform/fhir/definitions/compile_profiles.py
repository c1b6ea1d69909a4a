"""Compile HL7's own profiles and extension definitions of FHIR R4 (4.0.1) into compact facts. Run by hand:

    python -m health_platform.fhir.definitions.compile_profiles package

(`package` as for compile_structures.py.) Writes `profiles.json.xz`: overlays in the form of packages/profiles.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

from health_platform.fhir.definitions.compile_structures import R4, package_id, read_bundle, write
from health_platform.fhir.packages.profiles import from_structure_definition, to_facts

FILES = ("profiles-others", "extension-definitions")


def main(package: Path) -> None:
    resources = [resource for name in FILES for resource in read_bundle(package / R4 / f"{name}.json")]
    types = read_bundle(package / R4 / "profiles-types.json")
    resources += [resource for resource in types if resource.get("derivation") == "constraint"]
    profiles = [from_structure_definition(resource) for resource in resources]
    write(
        "profiles.json.xz",
        {"provenance": {"package": package_id(package)}, "profiles": [to_facts(profile) for profile in profiles]},
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
