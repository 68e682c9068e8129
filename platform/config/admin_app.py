"""Makes Buka's back office the admin that every app registers with."""

from django.contrib.admin.apps import AdminConfig


class BukaAdminConfig(AdminConfig):
    default_site = "config.admin_site.BukaAdminSite"
    default = False
