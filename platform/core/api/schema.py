from drf_spectacular.openapi import AutoSchema


class BukaSchema(AutoSchema):
    pass
