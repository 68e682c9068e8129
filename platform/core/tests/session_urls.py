"""Pages that ask who is there, in the ways that pages do."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path

from config.urls import urlpatterns as all_of_buka
from core.sessions import SessionStore

handler403 = "core.views.permission_denied"
handler404 = "core.views.page_not_found"
changed: list[str] = []


def name_of(request):
    return request.session.get("name", "stranger")


def page(request):
    if request.method != "GET":
        changed.append(name_of(request))
    return HttpResponse(f"Hello {name_of(request)}")


def mine(request):
    if name_of(request) == "stranger":
        return HttpResponseRedirect("/log-in?next=/mine")
    return HttpResponse("Yours")


def api_mine(request):
    if name_of(request) == "stranger":
        return JsonResponse({"code": "not_authenticated"}, status=401)
    return JsonResponse({"name": name_of(request)})


def hidden(request):
    if name_of(request) == "stranger":
        raise Http404
    return HttpResponse("Yours")


def refused(request):
    if name_of(request) == "stranger":
        raise PermissionDenied
    return HttpResponse("Yours")


def begin(request):
    request.session["name"] = "Chidi"
    return HttpResponse("Hello Chidi")


def ended_meanwhile(request):
    request.session["name"] = "Amaka"
    SessionStore(request.session.session_key).delete()
    return HttpResponse("Hello Amaka")


def elsewhere(request):
    name_of(request)
    return HttpResponseRedirect("/page")


def nothing(request):
    return HttpResponse()


urlpatterns = [
    path("page", page),
    path("api/page", page),
    path("mine", mine),
    path("api/mine", api_mine),
    path("hidden", hidden),
    path("refused", refused),
    path("begin", begin),
    path("elsewhere", elsewhere),
    path("ended-meanwhile", ended_meanwhile),
    path("api/ended-meanwhile", ended_meanwhile),
    path("log-in", nothing, name="account_login"),
    *all_of_buka,
]
