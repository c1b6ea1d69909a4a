"""OAuth 2.0 and OpenID Connect: only what is used; the provider's management pages are not exposed.

The name space is the provider's own: its views look their neighbours up in it.
"""

from django.urls import path
from oauth2_provider.views import JwksInfoView, RevokeTokenView, TokenView, UserInfoView

from health_platform.smart import account, outside, proof, sign_in, views
from health_platform.smart.discovery import openid_configuration

app_name = "oauth2_provider"
urlpatterns = [
    path("authorize", views.authorize, name="authorize"),
    path("authorize/decision", views.decision, name="decision"),
    path("token", TokenView.as_view(), name="token"),
    path("introspect", views.introspect, name="introspect"),
    path("revoke", RevokeTokenView.as_view(), name="revoke-token"),
    path("userinfo", UserInfoView.as_view(), name="user-info"),
    path("jwks", JwksInfoView.as_view(), name="jwks-info"),
    path(".well-known/openid-configuration", openid_configuration, name="oidc-connect-discovery-info"),
    path(".well-known/oauth-authorization-server", openid_configuration, name="oauth-server-metadata"),
    path("launch", views.begin_launch, name="launch"),
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-in/passkey", sign_in.passkey_options, name="sign-in-passkey"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("second-factor", sign_in.second_factor, name="second-factor"),
    path("institution", sign_in.institution, name="institution"),
    path("recovery", sign_in.recover, name="recovery"),
    path("sessions", account.sessions, name="sessions"),
    path("account", account.account, name="account"),
    path("account/password", account.password, name="account-password"),
    path("account/passkey", account.passkey_options, name="passkey-options"),
    path("account/passkeys", account.add_passkey, name="add-passkey"),
    path("account/authenticator", account.authenticator, name="authenticator"),
    path("account/recovery-codes", account.recovery_codes, name="recovery-codes"),
    path("account/removal", account.remove, name="remove-factor"),
    path("proof", proof.begin, name="proof"),
    path("proof/answer", proof.answer, name="proof-answer"),
    path("proof/password", proof.password, name="proof-password"),
    path("proof/simulator", proof.simulated, name="proof-simulator"),
    path("with/<str:provider>", outside.begin, name="outside"),
    path("with/<str:provider>/answer", outside.answer, name="outside-answer"),
    path("with/<str:provider>/end", outside.disconnect, name="outside-end"),
]
