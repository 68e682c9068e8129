"""Who works at a restaurant, and who was invited to: for its owners. And the answer of whoever was invited."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import invitations, selectors, services
from accounts.api_members import examples
from accounts.api_members import serializers as words
from accounts.doors import person_of, staff_may
from accounts.models import Invitation, Membership, User
from accounts.sensitive import expect_fresh_sign_in
from accounts.states import Ability, Role
from core.api.private import KeptByNobody
from core.api.schema import problem_response
from core.encryption import mask_email
from core.errors import InvalidInput, NotAllowed, NotFound

TAGS = ["Staff"]
Restaurant: Any = Membership._meta.get_field("restaurant").related_model
MOST_SHOWN = 200

REFUSED = problem_response(
    "Not yours to do; or your session has not shown its second factor; or you signed in too long ago for this.",
    not_allowed={},
    second_factor_required={"enrolled": True},
    account_reauthentication_needed={"ways": ["reauthenticate", "mfa_reauthenticate"]},
    account_role_above_own={},
)
UNKNOWN = problem_response("There is no such restaurant, person or invitation, or it is not yours.", not_found={})
KEEPS_AN_OWNER = problem_response("A restaurant keeps at least one owner.", account_last_owner={})
OVER = problem_response("It was answered, taken back, or has run out.", invitation_over={"reason": "expired"})
AWAY = problem_response("Sessions cannot be reached; nothing was changed.", unavailable={"retry_after": 10})


def asks(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


def says(name: str, value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)])


class Private(KeptByNobody):
    permission_classes = [IsAuthenticated]


class StaffView(Private):
    """Only for who manages the staff of the restaurant in the address."""

    def house(self, request: Request, public_id: UUID) -> Any:
        """Return the restaurant.

        :raises NotFound: when there is none, or the asker has nothing to do with it
        :raises NotAllowed: when they work there as something else
        :raises accounts.doors.SecondFactorRequired: when only their second factor is missing
        """
        house = Restaurant.objects.filter(public_id=public_id).first()
        person = request.user
        if house is None or not isinstance(person, User):
            raise NotFound
        if not staff_may(person, Ability.MANAGE_STAFF, restaurant_id=house.pk):
            raise NotAllowed if selectors.members_of(house.pk).filter(user=person).exists() else NotFound
        if request.method != "GET":
            expect_fresh_sign_in(request)
        return house


# --- Staff -------------------------------------------------------------------------------------------------------


class MembersView(StaffView):
    @extend_schema(
        operation_id="list_members",
        summary="Who works here",
        tags=TAGS,
        responses={200: words.MembersSerializer, 403: REFUSED, 404: UNKNOWN},
        examples=[says("One host", {"results": [examples.MEMBER]})],
    )
    def get(self, request: Request, id: UUID) -> Response:
        members = selectors.members_of(self.house(request, id).pk).annotate(
            factors=selectors.stands_second_factor("user_id")
        )
        return Response({"results": [member_body(member) for member in members[:MOST_SHOWN]]})


class MemberView(StaffView):
    @extend_schema(
        operation_id="change_member",
        summary="Give somebody another role",
        description="They get a mail. With less to be allowed than before they are logged out everywhere.",
        tags=TAGS,
        request=words.ChangeRoleSerializer,
        responses={200: words.MemberSerializer, 403: REFUSED, 404: UNKNOWN, 409: KEEPS_AN_OWNER, 503: AWAY},
        examples=[asks("Manager", {"role": "manager"}), says("A host", examples.MEMBER)],
    )
    def patch(self, request: Request, id: UUID, person: UUID) -> Response:
        member = self._member(request, id, person)
        asked = words.ChangeRoleSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.change_role(membership=member, role=Role(asked.validated_data["role"]), by=person_of(request))
        return Response(member_body(self._member(request, id, person)))

    @extend_schema(
        operation_id="remove_member",
        summary="Take somebody's role away",
        description="They get a mail, are logged out everywhere, and their open invitations end. Their account stays.",
        tags=TAGS,
        responses={204: None, 403: REFUSED, 404: UNKNOWN, 409: KEEPS_AN_OWNER, 503: AWAY},
    )
    def delete(self, request: Request, id: UUID, person: UUID) -> Response:
        services.remove_member(membership=self._member(request, id, person), by=person_of(request))
        return Response(status=204)

    def _member(self, request: Request, id: UUID, person: UUID) -> Membership:
        house = self.house(request, id)
        members = selectors.members_of(house.pk).annotate(factors=selectors.stands_second_factor("user_id"))
        found = members.select_related("restaurant").filter(user__public_id=person).first()
        if found is None:
            raise NotFound
        return found


# --- Invitations -------------------------------------------------------------------------------------------------


class InvitationsView(StaffView):
    @extend_schema(
        operation_id="list_invitations",
        summary="Who was invited",
        description="Newest first; answered ones for thirty days.",
        tags=TAGS,
        responses={200: words.InvitationsSerializer, 403: REFUSED, 404: UNKNOWN},
        examples=[says("One waiting", {"results": [examples.INVITATION]})],
    )
    def get(self, request: Request, id: UUID) -> Response:
        found = Invitation.objects.filter(restaurant=self.house(request, id)).select_related("restaurant", "invited_by")
        return Response({"results": [invitation_body(each) for each in found[:MOST_SHOWN]]})

    @extend_schema(
        operation_id="invite",
        summary="Invite somebody by mail",
        description=(
            "The answer is the same whether or not the address has an account. The link is open for seven days, for "
            "the account with this address, verified. `also_at` invites to several restaurants of yours at once: all "
            "or none."
        ),
        tags=TAGS,
        request=words.InviteSerializer,
        responses={
            201: words.InvitationsSerializer,
            403: REFUSED,
            404: UNKNOWN,
            409: problem_response(
                "This person works there, or an invitation is open.", invitation_works_there={}, invitation_waiting={}
            ),
            503: problem_response("Nobody can count the tries just now.", unavailable={"retry_after": 10}),
        },
        examples=[
            asks("A manager", {"email": "ngozi@example.com", "role": "manager"}),
            says("Sent", {"results": [examples.INVITATION]}, 201),
        ],
    )
    @transaction.atomic
    def post(self, request: Request, id: UUID) -> Response:
        house = self.house(request, id)
        asked = words.InviteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        answers = asked.validated_data
        made = invitations.invite_member(
            email=answers["email"],
            restaurant_ids=[house.pk, *self._others(request, answers.get("also_at", []))],
            role=Role(answers["role"]),
            by=person_of(request),
            language=answers.get("language", ""),
        )
        return Response({"results": [invitation_body(each) for each in made]}, status=201)

    def _others(self, request: Request, public_ids: list[UUID]) -> list[int]:
        """:raises InvalidInput: when one of them is none of the asker's"""
        held = selectors.restaurant_ids_where(person_of(request), Ability.MANAGE_STAFF)
        rows = Restaurant.objects.filter(public_id__in=public_ids)
        found = dict((rows if held is None else rows.filter(pk__in=held)).values_list("public_id", "pk"))
        if set(found) != set(public_ids):
            raise InvalidInput(errors={"also_at": [_("One of these is no restaurant of yours.")]})
        return list(found.values())


class OneInvitation(StaffView):
    def found(self, request: Request, id: UUID, invitation: UUID) -> Invitation:
        rows = Invitation.objects.filter(restaurant=self.house(request, id)).select_related("restaurant", "invited_by")
        one = rows.filter(public_id=invitation).first()
        if one is None:
            raise NotFound
        return one


class InvitationView(OneInvitation):
    @extend_schema(
        operation_id="take_back_invitation",
        summary="Take an invitation back",
        tags=TAGS,
        responses={204: None, 403: REFUSED, 404: UNKNOWN, 410: OVER},
    )
    def delete(self, request: Request, id: UUID, invitation: UUID) -> Response:
        invitations.take_back(invitation=self.found(request, id, invitation), by=person_of(request))
        return Response(status=204)


class ResendView(OneInvitation):
    @extend_schema(
        operation_id="resend_invitation",
        summary="Send an invitation again",
        description="With a new link, open for seven days; the old one ends.",
        tags=TAGS,
        request=None,
        responses={
            200: words.InvitationSerializer,
            403: REFUSED,
            404: UNKNOWN,
            410: OVER,
            503: problem_response("Nobody can count the tries just now.", unavailable={"retry_after": 10}),
        },
        examples=[says("Waiting", examples.INVITATION)],
    )
    def post(self, request: Request, id: UUID, invitation: UUID) -> Response:
        again = invitations.send_again(invitation=self.found(request, id, invitation), by=person_of(request))
        return Response(invitation_body(again))


# --- The person invited ------------------------------------------------------------------------------------------

NO_SUCH = problem_response("The link is none of ours, or a newer mail replaced it.", invitation_unknown={})
NOT_THEIRS = problem_response(
    "It was sent to another address, or yours is not verified.",
    invitation_for_somebody_else={},
    invitation_address_not_verified={},
)


class OfferView(Private):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="invitation",
        summary="What an invitation offers",
        description="For the holder of the mail's link, signed in or not.",
        tags=TAGS,
        auth=[],
        responses={200: words.OfferSerializer, 404: NO_SUCH, 410: OVER},
        examples=[says("Manager", examples.OFFER)],
    )
    def get(self, request: Request, token: str) -> Response:
        invitation = invitations.invitation_of(token)
        if not invitation.is_open(timezone.now()):
            raise invitations.over(invitation)
        return Response(
            {
                "restaurant": house_body(invitation.restaurant),
                "role": invitation.role,
                "invited_by": str(invitation.invited_by) if invitation.invited_by else None,
                "email": mask_email(invitation.email),
                "expires_at": invitation.expires_at,
            }
        )


class AcceptView(Private):
    @extend_schema(
        operation_id="accept_invitation",
        summary="Accept an invitation",
        description="With the account of that address. Whoever works there by now keeps the greater role.",
        tags=TAGS,
        request=None,
        responses={200: words.AcceptedSerializer, 403: NOT_THEIRS, 404: NO_SUCH, 410: OVER},
        examples=[says("Manager", examples.ACCEPTED)],
    )
    def post(self, request: Request, token: str) -> Response:
        member = invitations.accept(token=token, user=person_of(request))
        return Response({"restaurant": house_body(member.restaurant), "role": member.role, "since": member.created_at})


class DeclineView(Private):
    @extend_schema(
        operation_id="decline_invitation",
        summary="Decline an invitation",
        tags=TAGS,
        request=None,
        responses={204: None, 403: NOT_THEIRS, 404: NO_SUCH, 410: OVER},
    )
    def post(self, request: Request, token: str) -> Response:
        invitations.decline(token=token, user=person_of(request))
        return Response(status=204)


# --- Bodies ------------------------------------------------------------------------------------------------------


def house_body(house: Any) -> dict[str, Any]:
    return {"id": house.public_id, "slug": house.slug, "name": house.name}


def member_body(member: Any) -> dict[str, Any]:
    return {
        "id": member.user.public_id,
        "name": member.user.name,
        "email": member.user.email,
        "role": member.role,
        "has_second_factor": bool(member.factors),
        "since": member.created_at,
    }


def invitation_body(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.public_id,
        "restaurant": house_body(invitation.restaurant),
        "email": invitation.email,
        "role": invitation.role,
        "status": invitation.stands_as(timezone.now()),
        "invited_by": str(invitation.invited_by) if invitation.invited_by else None,
        "sent_at": invitation.sent_at,
        "expires_at": invitation.expires_at,
    }
