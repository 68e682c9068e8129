"""What becomes of partner apps when somebody who had to do with one is forgotten: they stay the organisation's."""

_pseudonym = "The row it leads to holds nothing of the person any more."
NOT_ERASED = {
    "allauth_idp_oidc.Client.owner": "Clients belong to partner apps and have no owner of their own.",
    "allauth_idp_oidc.Token": "Tokens of partner apps, as hashes.",
    "partners.PartnerApp.created_by": _pseudonym,
    "partners.PartnerApp.contact_email": "The organisation's contact.",
    "partners.PartnerApp": _pseudonym,
    "partners.PartnerGrant.granted_by": _pseudonym,
    "partners.PartnerGrant.revoked_by": _pseudonym,
    "partners.PartnerGrant": _pseudonym,
    "partners.Endpoint": "A partner organisation's address.",
    "partners.Delivery": "Sent to a partner organisation; names rows, not people.",
}
