"""What is recorded of people signing in and changing how they do."""

from django.utils.translation import gettext_lazy as _

from core.audit.catalogue import Action
from core.audit.states import Severity

ACTIONS = {
    "account.registered": Action(_("Registered")),
    "account.logged_in": Action(_("Logged in")),
    "account.logged_out": Action(_("Logged out")),
    "account.log_in_failed": Action(_("Log-in failed"), Severity.WARNING),
    "account.again_failed": Action(_("Wrong password when asked again who it is"), Severity.WARNING),
    "account.log_in_locked": Action(_("Log-in refused after too many wrong passwords"), Severity.WARNING),
    "account.code_refused": Action(_("A code was wrong"), Severity.WARNING),
    "account.token_reused": Action(_("A used refresh token came a second time"), Severity.ALERT),
    "account.session_ended": Action(_("Logged a device out"), Severity.NOTICE),
    "account.others_logged_out": Action(_("Logged out on all other devices"), Severity.NOTICE),
    "account.logged_out_everywhere": Action(_("Logged out everywhere"), Severity.NOTICE),
    "account.password_changed": Action(_("Password changed"), Severity.NOTICE),
    "account.password_reset": Action(_("Password set anew by code"), Severity.NOTICE),
    "account.disowned": Action(
        _("What was set before the address was proved was taken from the account"), Severity.NOTICE
    ),
    "account.email_verified": Action(_("E-mail address verified")),
    "account.email_changed": Action(_("E-mail address changed"), Severity.NOTICE),
    "account.phone_changed": Action(_("Phone number changed"), Severity.NOTICE),
    "account.social_connected": Action(_("Log-in through another service connected"), Severity.NOTICE),
    "account.social_disconnected": Action(_("Log-in through another service disconnected"), Severity.NOTICE),
    "account.social_failed": Action(_("Log-in through another service failed"), Severity.WARNING),
    "account.profile_changed": Action(_("Profile changed")),
    "account.factor_added": Action(_("Second factor added"), Severity.NOTICE),
    "account.factor_removed": Action(_("Second factor removed"), Severity.WARNING),
    "account.factor_refused": Action(_("A code of the second factor was wrong"), Severity.WARNING),
    "account.factor_guessed": Action(_("Many wrong codes of the second factor: its owner was told"), Severity.WARNING),
    "account.recovery_codes_made": Action(_("New recovery codes made"), Severity.NOTICE),
    "account.recovery_codes_removed": Action(_("Recovery codes removed"), Severity.NOTICE),
    "account.recovery_code_used": Action(_("A recovery code was used"), Severity.WARNING),
    "account.factor_reset": Action(_("Second factor of a colleague reset"), Severity.ALERT),
    "account.log_ins_ended": Action(_("Ended somebody's log-ins for their safety"), Severity.ALERT),
    "account.closed": Action(_("Account closed"), Severity.WARNING),
    "account.opened_again": Action(_("Account opened again"), Severity.WARNING),
    "account.role_given": Action(_("Role given"), Severity.NOTICE),
    "account.role_changed": Action(_("Role changed"), Severity.NOTICE),
    "account.role_removed": Action(_("Role taken away"), Severity.NOTICE),
    "account.platform_role_given": Action(_("Role on the platform given"), Severity.WARNING),
    "account.platform_role_taken": Action(_("Role on the platform taken away"), Severity.WARNING),
    "account.invited": Action(_("Invited somebody to work at a restaurant"), Severity.NOTICE),
    "account.invitation_sent_again": Action(_("Sent an invitation again")),
    "account.invitation_taken_back": Action(_("Took an invitation back"), Severity.NOTICE),
    "account.invitation_ran_out": Action(_("An invitation that had run out made room for a new one")),
    "account.invitation_accepted": Action(_("Accepted an invitation"), Severity.NOTICE),
    "account.invitation_declined": Action(_("Declined an invitation")),
}
