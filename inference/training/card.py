"""What stands beside a graph: the model card, Triton's configuration and a page for readers."""

import json
from typing import Any

from .spec import Input, ModelSpec, Output

LARGEST_BATCH = 4096


def card(spec: ModelSpec, checksum: str) -> dict[str, Any]:
    """The model card: what the server knows of a model besides its graph. `sha256` is that of model.onnx."""
    facts = spec.facts
    return {
        "id": spec.id,
        "version": spec.version,
        "sha256": checksum,
        "title": facts["title"],
        "family": facts["family"],
        "kind": facts["kind"],
        "horizon_years": facts["horizon"],
        "population": facts["population"],
        "source": facts["source"],
        "licence": facts["licence"],
        "verification": facts["verification"],
        "korea": facts["korea"],
        "release": facts["release"] or {"citizen": "open"},
        "limits": facts["limits"],
        "inputs": [_input(item) for item in spec.inputs],
        "outputs": [_output(item) for item in spec.outputs],
    }


def _input(item: Input) -> dict[str, Any]:
    return {
        "name": item.name,
        "feature": item.feature,
        "kind": item.kind,
        "unit": item.unit,
        "minimum": item.minimum,
        "maximum": item.maximum,
        "optional": item.optional,
        "loinc": item.loinc,
        "reference": item.reference,
    }


def _output(item: Output) -> dict[str, Any]:
    return {
        "name": item.name,
        "unit": item.unit,
        "horizon_years": item.horizon,
        "scale": item.scale,
        "lead": item.lead,
        "loinc": item.loinc,
        "bands": [[least, label] for least, label in item.bands],
        "hidden": item.hidden,
    }


def card_json(spec: ModelSpec, checksum: str) -> str:
    return json.dumps(card(spec, checksum), ensure_ascii=False, indent=1) + "\n"


def triton_config(spec: ModelSpec) -> str:
    """`config.pbtxt` of Triton's ONNX Runtime backend; a tabular graph wants one thread and no GPU."""
    tensors = [
        _tensors("input", [(item.name, "TYPE_FP64") for item in spec.inputs]),
        _tensors("output", [*((item.name, "TYPE_FP64") for item in spec.outputs), ("status", "TYPE_INT32")]),
    ]
    return "\n".join(
        [
            f'name: "{spec.id}"',
            'platform: "onnxruntime_onnx"',
            f"max_batch_size: {LARGEST_BATCH}",
            *tensors,
            "dynamic_batching { }",
            "version_policy { all { } }",
            "instance_group [ { kind: KIND_CPU } ]",
            'parameters { key: "intra_op_thread_count" value: { string_value: "1" } }',
            "",
        ]
    )


def _tensors(side: str, tensors: list[tuple[str, str]]) -> str:
    lines = [f'  {{ name: "{name}" data_type: {kind} dims: [ 1 ] }}' for name, kind in tensors]
    return f"{side} [\n" + ",\n".join(lines) + "\n]"


def page(spec: ModelSpec) -> str:
    """The card as a page of docs/models."""
    facts = spec.facts
    source = facts["source"]
    lines = [
        f"# {facts['title']}",
        "",
        f"`{spec.id}` version {spec.version}. {source['authors']} {source['journal']}, doi {source['doi']}.",
        "",
        "Not a cleared medical device: a calculation for clinicians and citizens to talk about.",
        "",
        f"- Population: {facts['population']}.",
        f"- Korea: {'calibrated' if facts['korea']['calibrated'] else 'not calibrated'}. {facts['korea']['note']}",
        f"- Verification: {facts['verification']['state']} ({'; '.join(facts['verification']['by'])}).",
        f"- Licence: {facts['licence']}.",
        *_release(facts["release"]),
        *(f"- Limit: {limit}" for limit in facts["limits"]),
        "",
        "| input | unit | range | LOINC | explained against |",
        "|---|---|---|---|---|",
        *(_input_row(item) for item in spec.inputs),
        "",
        "| output | unit | years | |",
        "|---|---|--:|---|",
        *(_output_row(item) for item in spec.outputs),
        "",
    ]
    return "\n".join(lines)


def _release(release: dict[str, Any] | None) -> list[str]:
    return [f"- Citizens: {release['citizen']}. {release['reason']}"] if release else []


def _input_row(item: Input) -> str:
    name = f"{item.name} (optional)" if item.optional else item.name
    reference = "the person's own" if item.reference is None else f"{item.reference:g}"
    return f"| {name} | {item.unit} | {item.minimum:g} to {item.maximum:g} | {item.loinc or ''} | {reference} |"


def _output_row(item: Output) -> str:
    years = "" if item.horizon is None else f"{item.horizon:g}"
    bands = ", ".join(f"from {least:g} {label}" for least, label in item.bands)
    return f"| {item.name} | {item.unit} | {years} | {item.hidden or bands} |"


def index_page(specs: list[ModelSpec]) -> str:
    """docs/models/README.md: one row a model."""
    rows = [
        f"| [{spec.id}]({spec.id}.md) | {spec.facts['title']} | {spec.facts['verification']['state']} "
        f"| {'yes' if spec.facts['korea']['calibrated'] else 'no'} |"
        for spec in specs
    ]
    head = [
        "# Models",
        "",
        "Generated by `manage.py build_models`. Verification: A agrees with two or more independent implementations,",
        "A1 with one, B with the text of public sources only.",
        "",
        "| model | title | verification | calibrated for Korea |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])
