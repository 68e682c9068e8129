"""What machines ask for at the root, without a language in front."""

from django.contrib.sitemaps import views as sitemaps
from django.urls import path

from bookings.views import feeds, machines, waiting, widget

app_name = "machines"
_sitemaps = {"sitemaps": machines.SITEMAPS}
urlpatterns = [
    # Short, for text messages; it leads on to a page of a language.
    path("w/<slug:key>", waiting.short, name="short"),
    path("robots.txt", machines.robots, name="robots"),
    path("manifest.webmanifest", machines.manifest, name="manifest"),
    path("favicon.ico", machines.favicon, name="favicon"),
    path("calendar/<uuid:public_id>/<slug:signature>.ics", feeds.read, name="calendar_feed"),
    path("widget.js", widget.script, name="widget_script"),
    path("sitemap.xml", sitemaps.index, _sitemaps | {"sitemap_url_name": "machines:sitemap_section"}, name="sitemap"),
    path("sitemap-<slug:section>.xml", sitemaps.sitemap, _sitemaps, name="sitemap_section"),
]
