"""What every answer carries: headers that keep pages to themselves, and redirects that HTMX can follow."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

Handler = Callable[[HttpRequest], HttpResponse]

#: A survey takes photos and the position; nothing else of the device is ever asked for.
PERMISSIONS = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()"


class HeadersMiddleware:
    """Pages with personal data are kept by no cache and no browser: the machine may be shared, and signing out must count.

    The strict content policy, `nosniff` and the referrer policy come from settings; this adds what has no setting.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS)
        response.setdefault("Cache-Control", "private, no-store")
        return response


class HtmxRedirectMiddleware:
    """A redirect that answers HTMX moves the whole page.

    The browser would follow it unseen and put, say, the sign-in page of an ended session into the middle of a table.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.headers.get("HX-Request") != "true" or response.status_code not in (301, 302, 303, 307, 308):
            return response
        moved = HttpResponse(status=204)
        moved["HX-Redirect"] = response["Location"]
        moved.cookies = response.cookies
        patch_vary_headers(moved, ["HX-Request"])
        return moved
