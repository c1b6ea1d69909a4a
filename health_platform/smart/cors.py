"""Cross-Origin Resource Sharing for applications in browsers (Fetch standard; SMART App Launch 2.2, "CORS").

Any origin may ask: these addresses know a caller by its token, never by a cookie, and no credentials are allowed. The
pages of the sign-in and the authorization are not among them.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]
_OPEN = ("/fhir/R4", "/oauth/token", "/oauth/revoke", "/oauth/userinfo", "/oauth/jwks", "/oauth/.well-known/")
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_REQUEST_HEADERS = (
    "Accept, Accept-Language, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, "
    "Prefer"
)
_RESPONSE_HEADERS = (
    "Content-Location, ETag, Last-Modified, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate"
)


def cross_origin(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        if "Origin" not in request.headers or not request.path.startswith(_OPEN):
            return get_response(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = _METHODS
            response["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
            response["Access-Control-Max-Age"] = "600"
        else:
            response = get_response(request)
            response["Access-Control-Expose-Headers"] = _RESPONSE_HEADERS
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return middleware
