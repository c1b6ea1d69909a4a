"""The citizen's page: one shell for everybody, without health data. That comes by the API, in the browser."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from citizen_app_api.pwa import shell
from citizen_app_api.pwa.words import words_in

COLOUR = "#0b5d3b"


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page. The same for everybody: signing in happens in it."""
    response = render(request, "citizen_app_api/app.html", {"help_phone": help_phone(), "colour": COLOUR})
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
def words(request: HttpRequest, language: str) -> JsonResponse:
    """All texts of the page in one language."""
    response = JsonResponse(words_in(language), json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """The web application manifest (https://www.w3.org/TR/appmanifest/)."""
    with override("ko"):
        name = _("Bitgoeul Health")
    icons = [
        {"src": static(f"citizen_app_api/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in (192, 512)
    ]
    body = {
        "id": "/app/",
        "name": name,
        "short_name": name,
        "lang": "ko",
        "start_url": "/app/",
        "scope": "/app/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": COLOUR,
        "icons": icons,
    }
    return JsonResponse(body, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker, which keeps the shell and nothing else."""
    context = {"edition": shell.edition(), "addresses": shell.addresses()}
    response = render(request, "citizen_app_api/service-worker.js", context, content_type="text/javascript")
    response["Cache-Control"] = "no-cache"
    return response


def help_phone() -> str:
    """The number that stands on each screen; 129 is the health and welfare line of the ministry."""
    number: str = getattr(settings, "HELP_PHONE", "129")
    return number
