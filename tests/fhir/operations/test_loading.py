"""`manage.py terminology_load`: files as their publishers lay them out, made up by the tests."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command

from tests.builders import FHIR
from tests.fhir.conftest import City
from tests.fhir.operations.conftest import all_outputs, codes, outputs

KCD = "http://www.hl7korea.or.kr/CodeSystem/kostat-kcd-8"
KCD_SET = "http://www.hl7korea.or.kr/fhir/krcore/ValueSet/krcore-kcd8-codes"
ATC = "http://www.whocc.no/atc"
KCD_FILE = """질병 분류코드,한글명칭,영문명칭,분류기준
E10-E14,당뇨병,Diabetes mellitus,중
E11,2형 당뇨병,Type 2 diabetes mellitus,소
E11.9,합병증을 동반하지 않은 2형 당뇨병,Type 2 diabetes mellitus without complications,세
E11.90,"조절되는 2형 당뇨병, NOS",Controlled,세세
I10,본태성(원발성) 고혈압,Essential (primary) hypertension,소
"""
ATC_FILE = """ATC code;ATC level name;한글명
A;Alimentary tract;소화관
A10;Diabetes drugs;
A10B;Oral;
A10BA02;metformin;메트포르민
"""


def load(folder: Path, system: str, text: str, *options: str, encoding: str = "utf-8") -> str:
    file = folder / f"{system}.csv"
    file.write_text(text, encoding=encoding)
    out = io.StringIO()
    call_command("terminology_load", system, str(file), *options, stdout=out)
    return out.getvalue()


def test_kcd_is_loaded_with_its_hierarchy_and_both_languages(city: City, tmp_path: Path) -> None:
    assert "5 concepts from 5 lines" in load(tmp_path, "kcd-8", KCD_FILE, "--edition", "8.2")
    answer = city.citizen.get(f"{FHIR}/CodeSystem/$lookup?system={KCD}&code=E11.9")
    assert outputs(answer.json())["display"] == "합병증을 동반하지 않은 2형 당뇨병"
    assert {"code": "parent", "value": "E11"} in all_outputs(answer.json(), "property")
    assert {"code": "child", "value": "E11.90"} in all_outputs(answer.json(), "property")
    english = city.citizen.get(f"{FHIR}/CodeSystem/$lookup?system={KCD}&code=I10&displayLanguage=en")
    assert outputs(english.json())["display"] == "Essential (primary) hypertension"
    subsumed = city.citizen.get(f"{FHIR}/CodeSystem/$subsumes?system={KCD}&codeA=E11&codeB=E11.90")
    assert outputs(subsumed.json())["outcome"] == "subsumes"


def test_a_value_set_over_a_loaded_system_is_filtered_and_paged(city: City, tmp_path: Path) -> None:
    load(tmp_path, "kcd-8", KCD_FILE)
    assert codes(city.citizen, url=KCD_SET) == ["E10-E14", "E11", "E11.9", "E11.90", "I10"]
    assert codes(city.citizen, url=KCD_SET, filter="당뇨") == ["E10-E14", "E11", "E11.9", "E11.90"]
    assert codes(city.citizen, url=KCD_SET, filter="2형 합병") == ["E11.9"]
    assert codes(city.citizen, url=KCD_SET, filter="hyperTENSION") == ["I10"]
    assert codes(city.citizen, url=KCD_SET, filter="e11.") == ["E11.9", "E11.90"]
    assert codes(city.citizen, url=KCD_SET, filter="100%") == []
    assert codes(city.citizen, url=KCD_SET, count="2", offset="3") == ["E11.90", "I10"]
    branch = quote(f"{KCD}?fhir_vs=isa/E11", safe="")
    answer = city.citizen.get(f"{FHIR}/ValueSet/$expand?url={branch}&filter={quote('2형')}&count=1").json()
    assert [entry["code"] for entry in answer["expansion"]["contains"]] == ["E11"]
    assert answer["expansion"]["total"] == 3


def test_a_loaded_system_decides_in_validation(city: City, tmp_path: Path) -> None:
    def condition(code: str) -> dict[str, object]:
        category = "http://www.hl7korea.or.kr/fhir/krcore/CodeSystem/krcore-condition-category-types"
        profile = "http://www.hl7korea.or.kr/fhir/krcore/StructureDefinition/krcore-condition-encounter-diagnosis"
        return {
            "resourceType": "Condition",
            "meta": {"profile": [profile]},
            "clinicalStatus": {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
            },
            "category": [{"coding": [{"system": category, "code": "진단"}]}],
            "code": {"coding": [{"system": KCD, "code": code}]},
            "subject": {"reference": f"Patient/{city.patient}"},
            "recordedDate": "2026-05-01",
        }

    assert city.system.post(f"{FHIR}/Condition", condition("E11.99")).status_code == 201, "no content, no judgement"
    load(tmp_path, "kcd-8", KCD_FILE)
    assert city.system.post(f"{FHIR}/Condition", condition("E11.9")).status_code == 201
    refused = city.system.post(f"{FHIR}/Condition", condition("E11.99"))
    assert refused.status_code == 422
    assert "E11.99" in refused.content.decode()


def test_files_of_old_windows_programs_are_read(city: City, tmp_path: Path) -> None:
    load(
        tmp_path, "kcd-8", KCD_FILE.replace(",", "\t").replace('"조절되는 2형 당뇨병\t NOS"', "조절"), encoding="cp949"
    )
    assert codes(city.citizen, url=KCD_SET, filter="고혈압") == ["I10"]


def test_the_last_line_of_a_code_stands(city: City, tmp_path: Path) -> None:
    text = "수가코드,한글명,적용일자\nAA154,초진 진찰료(구),20250101\nAA155,재진,20250101\nAA154,초진 진찰료,20260101\n"
    assert "2 concepts from 3 lines" in load(tmp_path, "edi-procedure", text)
    system = "http://www.hl7korea.or.kr/CodeSystem/hira-edi-procedure"
    answer = city.citizen.get(f"{FHIR}/CodeSystem/$lookup?system={system}&code=AA154")
    assert outputs(answer.json())["display"] == "초진 진찰료"
    assert {"code": "validFrom", "value": "20260101"} in all_outputs(answer.json(), "property")


def test_atc_kd_and_loinc_are_known_layouts(city: City, tmp_path: Path) -> None:
    load(tmp_path, "atc", ATC_FILE)
    subsumed = city.citizen.get(f"{FHIR}/CodeSystem/$subsumes?system={ATC}&codeA=A10&codeB=A10BA02")
    assert outputs(subsumed.json())["outcome"] == "subsumes"
    load(tmp_path, "kd", "한글상품명,표준코드,대표코드,ATC코드\n다이아벡스정,8806717042108,8806717042009,A10BA02\n")
    kd = "http://www.hl7korea.or.kr/CodeSystem/kpis-kdcode"
    found = city.citizen.get(f"{FHIR}/CodeSystem/$lookup?system={kd}&code=8806717042108&property=atc").json()
    assert all_outputs(found, "property") == [{"code": "atc", "value": "A10BA02"}]
    loinc = '"LOINC_NUM","STATUS","SHORTNAME","LONG_COMMON_NAME"\n"8867-4","ACTIVE","Heart rate","Heart rate"\n'
    assert outputs(city.citizen.get(f"{FHIR}/CodeSystem/$lookup?system=http://loinc.org&code=2708-6").json())["display"]
    load(tmp_path, "loinc", loinc, "--edition", "2.80")
    assert codes(city.citizen, url="http://loinc.org/vs") == ["8867-4"]
    assert codes(city.citizen, url="http://loinc.org/vs", filter="heart") == ["8867-4"]


def test_an_edition_is_replaced_by_loading_it_again_and_others_stay(city: City, tmp_path: Path) -> None:
    load(tmp_path, "codes", "code,display\na,One\nb,Two\n", "--url", "https://example.org/s", "--edition", "1")
    load(tmp_path, "codes", "code,display\nc,Three\n", "--url", "https://example.org/s", "--edition", "2")
    load(tmp_path, "codes", "code,display\na,Eins\n", "--url", "https://example.org/s", "--edition", "1")
    lookup = f"{FHIR}/CodeSystem/$lookup?system=https://example.org/s&code="
    assert outputs(city.citizen.get(f"{lookup}a&version=1").json())["display"] == "Eins"
    assert city.citizen.get(f"{lookup}b&version=1").status_code == 404
    assert outputs(city.citizen.get(f"{lookup}c&version=2").json())["display"] == "Three"


def test_a_file_that_does_not_fit_is_refused_with_the_way_to_mend_it(city: City, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--column code=NAME"):
        load(tmp_path, "kcd-8", "번호,이름\n1,감기\n")
    assert "1 concepts" in load(
        tmp_path, "kcd-8", "번호,이름\nJ00,감기\n", "--column", "code=번호", "--column", "display=이름"
    )
    with pytest.raises(CommandError, match="no line with a code"):
        load(tmp_path, "kcd-8", "code,한글명\n")
    assert codes(city.citizen, url=KCD_SET) == ["J00"], "what was loaded before stays"
    with pytest.raises(CommandError, match="--url"):
        load(tmp_path, "codes", "code,display\na,One\n")
    with pytest.raises(CommandError, match="UTF-8"):
        (tmp_path / "x.csv").write_bytes(b"code,display\n\xff\xfe\xfa,x\n")
        call_command("terminology_load", "codes", str(tmp_path / "x.csv"), "--url", "https://example.org/x")
